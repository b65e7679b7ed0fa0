"""Python code tells a loader to run code of a repository without asking.

``trust_remote_code=True`` is the answer to "may code of this repository run?". Written into
a program it answers for every repository and every later version of it. The flag is found as
an argument, as the default of a parameter, and in a dictionary of options.

Before: ``AutoModel.from_pretrained(name, trust_remote_code=True)``.
After: ``AutoModel.from_pretrained(name, revision="0f3c...")`` after reading the code there.

Sources: transformers "custom models"; MITRE ATLAS AML.T0011.000; CWE-829.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.python_source import PythonSource
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_grading import PYTHON
from modelkeep.scan.python_options import options

RULE: Final = Rule(
    id="PYC012",
    name="python-trusts-remote-code",
    summary="Code lets a loader run code of any repository without asking.",
    remedy="Leave the flag out, or pin the revision whose code was read.",
    topic="artifact.malicious_code",
    tags=("CWE-829",),
)
_FLAG: Final = re.compile("^trust_remote_code$")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per line that sets the flag."""
    if not isinstance(context.document, PythonSource):
        return
    for option in options(context.document.tree, _FLAG):
        if isinstance(option.value, ast.Constant) and option.value.value is True:
            yield context.finding(
                RULE,
                Severity.MEDIUM,
                f"line {option.line}: {option.name} is set",
                evidence={"line": str(option.line), "option": option.name},
            )


DETECTOR: Final = Detector(RULE, PYTHON, run)
