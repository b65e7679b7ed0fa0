"""A zip member would be written outside the directory it is unpacked into.

Absolute names, ``..`` parts, drive letters, backslashes and symbolic links let
an archive replace files of the program that unpacks it.

Sources: CWE-22, CWE-59; "Zip Slip".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.formats import zip_archive
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ZIP002",
    name="zip-member-escapes",
    summary="Unpacking the archive would write outside its directory.",
    remedy="Do not unpack the file; ask its publisher for a clean archive.",
    topic="artifact.malicious_code",
    tags=("CWE-22", "CWE-59"),
)

_ESCAPES: Final = re.compile(r"^/|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|\x00")


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per member whose name or type escapes."""
    if not isinstance(context.document, zip_archive.Archive):
        return
    for member in context.document.members:
        if _ESCAPES.search(member.name):
            message = f"member {member.name!r} would be written outside the target directory"
        elif member.is_symlink:
            message = f"member {member.name!r} is a symbolic link"
        else:
            continue
        yield context.finding(
            RULE, Severity.HIGH, message, offset=member.header, evidence={"member": member.name}
        )


DETECTOR: Final = Detector(RULE, frozenset({"zip"}), run)
