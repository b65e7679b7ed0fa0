"""A member of an archive would be written outside the directory it is unpacked into.

Absolute names, ``..`` parts, drive letters and backslashes let an archive replace
files of the program that unpacks it, or of the user who does. A second name that only some
programs look at, such as the Unicode path of a zip, counts like the first.

Before: a member named ``../../.bashrc``.
After: names relative to the archive, all below it.

Sources: CWE-22; "Zip Slip"; CVE-2007-4559 and CVE-2025-4517 (tar), CVE-2025-12060 (Keras).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.core.text import printable
from modelkeep.formats.contents import Contents
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ARC001",
    name="archive-member-escapes",
    summary="Unpacking the archive would write outside its directory.",
    remedy="Do not unpack the file; ask its publisher for a clean archive.",
    topic="artifact.malicious_code",
    tags=("CWE-22",),
)

_ESCAPES: Final = re.compile(r"^/|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|\x00")
_MOST: Final = 20


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per member whose name escapes, twenty at most."""
    if not isinstance(context.document, Contents):
        return
    escaping = [e for e in context.document.entries if _ESCAPES.search(e.name)]
    for entry in escaping[:_MOST]:
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"member {printable(entry.name)!r} would be written outside the target directory",
            offset=entry.offset,
            evidence={"member": entry.name},
        )


DETECTOR: Final = Detector(RULE, frozenset({"zip", "tar", "7z"}), run)
