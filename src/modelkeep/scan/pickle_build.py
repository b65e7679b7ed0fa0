"""A pickle writes attributes into a module, class or function it imported.

``BUILD`` gives an object its state. On an instance that is how objects are
restored; on an imported module, class or function it overwrites attributes of the
running program, so that an allowed name does something else afterwards. The opcodes that
fill a list or dictionary do the same to one that was imported, such as ``sys.path``.

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
    summary="The pickle writes into something it imported.",
    remedy="Do not load the file; ask its publisher for safetensors or ONNX.",
    topic="artifact.malicious_code",
    tags=("CWE-502", "CWE-915"),
)

_ACTS: Final = {"build": "BUILD would overwrite attributes of", "fill": "would put values into"}


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per imported name that is written into."""
    if not isinstance(context.document, PickleDocument):
        return
    seen: set[str] = set()
    for event in context.document.events:
        if not isinstance(event, Use) or event.how not in _ACTS:
            continue
        if isinstance(event.target, Import) and event.target.dotted not in seen:
            seen.add(event.target.dotted)
            yield context.finding(
                RULE,
                Severity.CRITICAL,
                f"{_ACTS[event.how]} {event.target.dotted}",
                offset=event.offset,
                evidence={"import": event.target.dotted},
            )


DETECTOR: Final = Detector(RULE, frozenset({"pickle"}), run)
