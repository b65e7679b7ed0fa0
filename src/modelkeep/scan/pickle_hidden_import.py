"""A pickle imports something whose name cannot be read without running it.

The name is computed while loading, taken from the copyreg extension registry, or
built from values that are not text. Savers of models have no reason to do this;
hiding from scanners is one. A name that is put together from constants is judged by what
it turns out to be; that it was put together is told even where it is harmless.

Before: ``getattr(os, "sys" + "tem")``, written as a pickle.
After: the name written out, or better no pickle.

Sources: CPython ``pickle.py`` (``STACK_GLOBAL``, ``EXT1``); CWE-502.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Confidence, Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument
from modelkeep.formats.pickle_policy import Standing, standing
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
    """Yield one finding per name that is hidden or put together at run time."""
    if not isinstance(context.document, PickleDocument):
        return
    seen: set[str] = set()
    for event in context.document.events:
        if not isinstance(event, Import) or (event.resolved and not event.computed):
            continue
        if event.resolved and event.dotted in seen | context.allow:
            continue
        seen.add(event.dotted)
        harmless = event.resolved and standing(event.dotted) is Standing.SAFE
        act = "puts together" if event.resolved else "hides"
        yield context.finding(
            RULE,
            Severity.MEDIUM if harmless else Severity.HIGH,
            f"{event.opcode} imports {event.dotted}, a name the file {act}",
            offset=event.offset,
            confidence=Confidence.HIGH if event.resolved else Confidence.MEDIUM,
            evidence={"import": event.dotted, "opcode": event.opcode},
        )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
