"""A pickle imports something whose name cannot be read without running it.

The name is computed while loading, taken from the copyreg extension registry, or
built from values that are not text. Savers of models have no reason to do this;
hiding from scanners is one.

Sources: CPython ``pickle.py`` (``STACK_GLOBAL``, ``EXT1``); CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL002",
    name="pickle-hidden-import",
    summary="The pickle imports a name that only running it would reveal.",
    remedy="Do not load the file; ask its publisher for safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-502",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per unresolved import."""
    if not isinstance(context.document, PickleDocument):
        return
    for event in context.document.events:
        if isinstance(event, Import) and not event.resolved:
            yield context.finding(
                RULE,
                Severity.HIGH,
                f"{event.opcode} imports {event.dotted}, a name the file hides",
                offset=event.offset,
                confidence=Confidence.MEDIUM,
                evidence={"import": event.dotted, "opcode": event.opcode},
            )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
