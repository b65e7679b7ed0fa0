"""A file contradicts itself: bytes that belong to nothing, twice, or to two things.

Two readers of such a file may see different contents: one believes the index, another
the data; one takes the first of two equal names, another the last. What no reader
shows can carry a payload or a mark. The rule covers every format whose reader
compares its views and that has no rule of its own for this.

Before: an index edited by hand after the file was written.
After: the file saved again by the library that made it.

Sources: CWE-436 (interpretation conflict); the description of each format.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import ANY, Context, Detector

RULE: Final = Rule(
    id="FMT001",
    name="structure-contradicts-itself",
    summary="The file shows different contents to different readers.",
    remedy="Save the model again with the library that made it; compare published digests.",
    topic="artifact.swapped_at_load",
    tags=("CWE-436",),
)
_OWN_RULE: Final = frozenset({"zip", "safetensors"})


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per contradiction."""
    if context.format in _OWN_RULE:
        return
    for offset, sentence in context.lies:
        yield context.finding(
            RULE, Severity.HIGH, sentence, offset=offset, evidence={"what": sentence}
        )


DETECTOR: Final = Detector(RULE, ANY, run)
