"""The free text of a safetensors file is not what the library writes.

The metadata map holds text only. Other values are refused by the library and read by
others, and a text of many megabytes is a place to carry something. Neither runs code; what is
packed into the texts is read as what it is and judged by its own rules.

Before: ``{"__metadata__": {"config": {"auto_map": {}}}}``.
After: ``{"__metadata__": {"format": "pt"}}``.

Sources: safetensors format description (metadata is a map of text to text); CWE-20.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats.safetensors import Header
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="STN002",
    name="safetensors-metadata-odd",
    summary="The metadata holds what the library would not write.",
    remedy="Load the tensors you need and save them again with safetensors.",
    topic="artifact.swapped_at_load",
    tags=("CWE-20",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per remark."""
    if isinstance(context.document, Header):
        for sentence in context.document.remarks:
            yield context.finding(
                RULE, Severity.MEDIUM, sentence, offset=8, evidence={"what": sentence}
            )


DETECTOR: Final = Detector(RULE, frozenset({"safetensors"}), run)
