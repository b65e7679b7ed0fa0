"""A safetensors file hides bytes or maps two tensors onto the same ones.

The format runs no code, so the danger is what the map does not show: holes and
tails carry payloads or marks, overlaps let one edit change two tensors, and a name
given twice means one value to one parser and another to the next.

Before: two tensors with the offsets ``[0, 64]`` and ``[32, 96]``.
After: ``[0, 64]`` and ``[64, 128]``, and nothing behind the last byte.

Sources: safetensors format description ("no holes", "no overlap", "unique keys"); CWE-436.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="STN001",
    name="safetensors-map-lies",
    summary="The header does not account for every byte exactly once.",
    remedy="Load the tensors you need and save them again with safetensors; compare digests.",
    topic="artifact.swapped_at_load",
    tags=("CWE-436",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per hole, overlap, tail or repeated key."""
    for offset, sentence in context.lies:
        yield context.finding(
            RULE, Severity.HIGH, sentence, offset=offset, evidence={"what": sentence}
        )


DETECTOR: Final = Detector(RULE, frozenset({"safetensors"}), run)
