"""Python code that comes with a model makes code at run time and runs it.

``exec`` and ``eval`` of text that is decoded, put together or taken from elsewhere hide what
will run from everybody who reads the file. Constant text is read here as what it is: the
acts in it are reported by the rule for them.

Before: ``builtins.exec(base64.b64decode(DATA))``.
After: the code itself, readable, in the module.

Sources: CWE-95; CWE-506.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_values import ASSEMBLED, CODE, DECODED, FILE, HOLE, NETWORK, Value

RULE: Final = Rule(
    id="PYC002",
    name="python-runs-made-code",
    summary="Code that comes with the model runs text as code.",
    remedy="Do not load the model with its own code; ask for the code in readable form.",
    topic="artifact.malicious_code",
    tags=("CWE-95", "CWE-506"),
)
_PREFIX: Final = re.compile(r"[A-Za-z_][\w.]*[.(\[]")
_FILE_NAMES: Final = re.compile(r"\.(py|txt|cfg|md)$")
_NOTED: Final = frozenset(
    """
    torch.hub.load timeit.timeit timeit.repeat timeit.Timer runpy.run_path runpy.run_module
    imp.load_source imp.load_module importlib.machinery.SourceFileLoader
    importlib.machinery.SourceFileLoader().load_module
    """.split()
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per execution of text."""
    for event in acts(context, Act.EXECUTE):
        severity = _severity(event)
        if severity is not None and NETWORK not in event.labels:
            yield report(context, RULE, event, severity, _sentence(event))


def _sentence(event: Event) -> str:
    if not event.called:
        return f"{event.name} is handed on to be called"
    if DECODED in event.labels:
        return f"{event.name} runs decoded code"
    if ASSEMBLED in event.labels:
        return f"{event.name} runs text that is put together"
    return f"{event.name} runs text as code"


def _severity(event: Event) -> Severity | None:
    code = event.argument(0)
    if "pyarmor" in event.name or (event.called and DECODED in code.labels):
        return by_place(event)
    if not event.called:
        return by_place(event, early=Severity.HIGH)
    if event.name == "builtins.compile":
        return None
    if event.name in _NOTED or event.name.startswith(("types.", "new.")):
        made = CODE in event.labels
        return by_place(event, early=Severity.HIGH) if made else Severity.MEDIUM
    return _by_text(event, code)


def _by_text(event: Event, code: Value) -> Severity:
    if code.known:
        assembled = ASSEMBLED in code.labels and event.name != "builtins.eval"
        return by_place(event, early=Severity.HIGH) if assembled else Severity.LOW
    if FILE in code.labels:  # the text is the path then
        named = not code.text or _FILE_NAMES.search(code.text)
        return Severity.MEDIUM if named else by_place(event, early=Severity.HIGH)
    if _PREFIX.match(code.text.partition(HOLE)[0]):
        return Severity.MEDIUM
    return by_place(event, early=Severity.HIGH)


DETECTOR: Final = Detector(RULE, PYTHON, run)
