"""A small file unpacks to far more than any model of its size would.

Weights hardly shrink and text shrinks ten- or twentyfold. What shrinks two hundred times
and is large is one byte repeated, there to fill the memory or the disk of whoever opens it. The
same holds for archives whose members share their packed bytes. Small files of zeros,
such as an empty mask or a fresh array, are left alone.

Before: ten kilobytes that unpack to ten megabytes of nothing.
After: arrays of zeros made when they are needed, not shipped.

Sources: CWE-409; D. Fifield, "A better zip bomb" (2019).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.contents import Contents
from modelkeep.scan.interface import ANY, Context, Detector

RULE: Final = Rule(
    id="ARC003",
    name="archive-bomb",
    summary="A small file unpacks to a huge one.",
    remedy="Do not unpack the file; ask its publisher for one without filler.",
    topic="runtime.dos",
    tags=("CWE-409",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per stream that unpacks to far too much."""
    if not isinstance(context.document, Contents):
        return
    for offset, sentence in context.document.bombs:
        yield context.finding(
            RULE, Severity.HIGH, sentence, offset=offset, evidence={"what": sentence}
        )


DETECTOR: Final = Detector(RULE, ANY, run)
