"""A notebook's magic runs code from elsewhere or writes where it would run again.

``%run`` takes an address as well as a file, and a folder in which everybody may write.
``%%writefile`` puts the text of a cell into any file, the profile of the shell and the list of
keys that may log in among them. What a cell writes is read by itself, as what its name says.

Before: ``%run https://host/x.py``.
After: ``%run train.py`` with the file in the repository.

Sources: IPython documentation, built-in magic commands; MITRE ATT&CK T1546, T1098.004; CWE-494.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.notebook import Notebook
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_policy import STARTUP_PLACES

RULE: Final = Rule(
    id="NTB003",
    name="notebook-magic",
    summary="A magic of the notebook runs code from elsewhere or changes the machine for good.",
    remedy="Do not run the notebook; remove the cell after reading it.",
    topic="artifact.malicious_code",
    tags=("CWE-494", "CWE-506"),
)
_ELSEWHERE: Final = re.compile(r"\w+://|(?:/tmp|/var/tmp|/dev/shm)/", re.IGNORECASE)
_RUN: Final = frozenset({"run", "macro"})
_LOAD: Final = frozenset({"load", "loadpy"})
_WRITE: Final = frozenset({"writefile", "file", "save"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per magic that reaches outside."""
    if not isinstance(context.document, Notebook):
        return
    for cell, name, argument in context.document.magics:
        found = _judge(name, argument)
        if found is not None:
            severity, what = found
            message = f"cell {cell}: %{name} {what}: {argument[:80]!r}"
            yield context.finding(RULE, severity, message, evidence={"cell": str(cell)})


def _judge(name: str, argument: str) -> tuple[Severity, str] | None:
    elsewhere = _ELSEWHERE.search(argument)
    if name in _RUN and elsewhere:
        return Severity.HIGH, "runs code from elsewhere"
    if name in _LOAD and elsewhere:
        return Severity.MEDIUM, "shows code from elsewhere, ready to be run"
    lower = argument.lower()
    if name in _WRITE and any(place in lower for place in STARTUP_PLACES):
        return Severity.HIGH, "writes where it runs again"
    return None


DETECTOR: Final = Detector(RULE, frozenset({"notebook"}), run)
