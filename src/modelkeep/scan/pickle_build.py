"""A pickle writes attributes into a module, class or function it imported.

``BUILD`` gives an object its state. On an instance that is how objects are
restored; on an imported module, class or function it overwrites attributes of the
running program, so that an allowed name does something else afterwards.

Before: ``BUILD`` on the imported module ``json`` with the state ``{"loads": eval}``.
After: ``BUILD`` on an instance, with its own data.

Sources: CPython ``pickle.py`` (``load_build``); modelscan issue 330; CWE-915.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.pickle_events import Import, PickleDocument, Use
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="PKL003",
    name="pickle-build-on-import",
    summary="The pickle overwrites attributes of something it imported.",
    remedy="Do not load the file; ask its publisher for safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-502", "CWE-915"),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per BUILD whose target is an imported name."""
    if not isinstance(context.document, PickleDocument):
        return
    for event in context.document.events:
        if not isinstance(event, Use) or event.how != "build":
            continue
        if isinstance(event.target, Import):
            yield context.finding(
                RULE,
                Severity.CRITICAL,
                f"BUILD would overwrite attributes of {event.target.dotted}",
                offset=event.offset,
                evidence={"import": event.target.dotted},
            )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
