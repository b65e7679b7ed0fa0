"""The directory of a zip and its members tell different stories.

One program believes the central directory, another the headers in front of each
member: whoever writes both can show a scanner one file and the loader another.
Duplicate names, overlaps, bytes between members, encryption flags on plain data
and wrong checksums belong to the same family.

Before: a directory that lists ``weights.npy`` where the member's own header says ``data.pkl``.
After: the archive written anew by the library that made it.

Sources: PKWARE APPNOTE 6.3.10; CVE-2025-10156; picklescan GHSA-7q5r, GHSA-w8jq.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ZIP001",
    name="zip-views-disagree",
    summary="The archive shows different contents to different readers.",
    remedy="Treat the file as forged; fetch it again and compare its published digest.",
    topic="artifact.swapped_at_load",
    tags=("CWE-436",),
)


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per disagreement."""
    for offset, sentence in context.lies:
        yield context.finding(
            RULE, Severity.HIGH, sentence, offset=offset, evidence={"what": sentence}
        )


DETECTOR: Final = Detector(RULE, frozenset({"zip"}), run)
