"""Python code holds a password or key as a text.

Whoever can read the repository, or the model it was packed into, can use it. Tokens whose
form alone gives them away are found in any file by ``SEC001``; here it is the name that says
so: a value for ``password``, ``api_key`` and their like that is no placeholder, no name of
a variable and not made of one kind of letters.

Before: ``client(api_key="9f8aK2...")``.
After: ``client(api_key=os.environ["SERVICE_KEY"])``.

Sources: CWE-798; B105 to B107 of bandit's documentation for the idea that names tell.
"""

from __future__ import annotations

import ast
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.python_source import PythonSource
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_grading import PYTHON
from modelkeep.scan.python_options import options

RULE: Final = Rule(
    id="PYC014",
    name="python-secret-literal",
    summary="Code holds a password or key that its readers can use.",
    remedy="Revoke it, and read it from the environment or a store of secrets.",
    topic="data.pii",
    tags=("CWE-798",),
)
_NAME: Final = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|pwd|passphrase|secret|secret[_-]?key|api[_-]?key|apikey"
    r"|access[_-]?key|auth[_-]?token|access[_-]?token|api[_-]?token|hf[_-]?token|private[_-]?key"
    r"|client[_-]?secret|db[_-]?pass)$"
)
_PLACEHOLDER: Final = re.compile(
    r"(?i)example|placeholder|change|your|dummy|xxx|\*\*\*|\.\.\.|^<|>$|[{}$%]|^test|redacted"
    r"|^none$|not[_-]?set|fake|sample|secret$|password|api[_-]?key|token"
)
_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*|[a-z_.\- ]+|https?://[^:@]*|/[\w./-]*")
_SHORTEST: Final = 8
_LONGEST: Final = 512
_LEAST_BITS: Final = 2.5
_LEAST_KINDS: Final = 2


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per line; the secret itself is never shown."""
    if not isinstance(context.document, PythonSource):
        return
    for option in options(context.document.tree, _NAME):
        value = option.value.value if isinstance(option.value, ast.Constant) else None
        if isinstance(value, str) and looks_secret(value):
            yield context.finding(
                RULE,
                Severity.MEDIUM,
                f"line {option.line}: {option.name} is a text of {len(value)} characters",
                confidence=Confidence.MEDIUM,
                evidence={"line": str(option.line), "option": option.name},
            )


def looks_secret(text: str) -> bool:
    """Whether a text may be a secret: long and mixed enough, and no placeholder."""
    if not _SHORTEST <= len(text) <= _LONGEST or "\n" in text:
        return False
    if _PLACEHOLDER.search(text) or _VARIABLE.fullmatch(text):
        return False
    kinds = (str.islower, str.isupper, str.isdigit, lambda letter: not letter.isalnum())
    if sum(any(map(kind, text)) for kind in kinds) < _LEAST_KINDS:
        return False
    counts = Counter(text).values()
    bits = -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
    return bits >= _LEAST_BITS


DETECTOR: Final = Detector(RULE, PYTHON, run)
