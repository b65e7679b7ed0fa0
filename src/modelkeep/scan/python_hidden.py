"""Python code that comes with a model hides which functions it uses.

A module or function whose name is decoded, put together from pieces or searched for among
all classes is meant not to be found. Honest code imports what it uses by its name.

Before: ``getattr(builtins, "ev" + "al")(text)``.
After: no such call; what is needed is imported by its name.

Sources: CWE-506; CWE-470.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector
from modelkeep.scan.python_flow import Event
from modelkeep.scan.python_grading import PYTHON, acts, by_place, report
from modelkeep.scan.python_policy import DANGEROUS_MODULES, Act
from modelkeep.scan.python_values import ASSEMBLED, DECODED, NETWORK, flat

RULE: Final = Rule(
    id="PYC003",
    name="python-hides-names",
    summary="Code that comes with the model hides which functions it uses.",
    remedy="Do not load the model with its own code; ask for the code in readable form.",
    topic="artifact.malicious_code",
    tags=("CWE-506", "CWE-470"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per hidden name."""
    for event in acts(context, Act.LOOKUP, Act.IMPORT):
        severity = _severity(event)
        if severity is not None:
            yield report(context, RULE, event, severity, _sentence(event))


def _sentence(event: Event) -> str:
    if event.act is Act.LOOKUP:
        return f"a function of {event.name} is chosen by a computed name"
    return f"{event.name} imports a computed name {flat(event.argument(0))[:60]!r}"


def _severity(event: Event) -> Severity | None:
    if event.act is Act.LOOKUP:
        return by_place(event, early=Severity.HIGH)
    module = event.argument(0)
    name = flat(module)
    hidden = {DECODED, NETWORK} & module.labels
    if module.known and not hidden:
        dangerous = name.partition(".")[0] in DANGEROUS_MODULES
        return (
            by_place(event, early=Severity.HIGH)
            if dangerous and (ASSEMBLED in module.labels)
            else None
        )
    if hidden:
        return by_place(event, early=Severity.CRITICAL)
    return Severity.MEDIUM if event.name == "builtins.__import__" else Severity.INFO


DETECTOR: Final = Detector(RULE, PYTHON, run)
