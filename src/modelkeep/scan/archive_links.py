"""An archive brings links that lead out of it, or devices.

A link that points outside lets a later member be written through it, or lets the program
that reads the unpacked model read any file it may. A device or a pipe has no
place in a model: opening one can hang a program or read raw disks. Links that stay
within the archive are left alone.

Before: a symbolic link ``cache -> /home`` and behind it a member ``cache/.profile``.
After: plain files and folders only.

Sources: CWE-59, CWE-61; CVE-2025-4138 and CVE-2025-4517 (tarfile), CVE-2026-27489 (ONNX).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Finding, Rule, Severity
from modelkeep.core.text import printable
from modelkeep.formats.contents import Contents, Entry
from modelkeep.scan.interface import Context, Detector

RULE: Final = Rule(
    id="ARC002",
    name="archive-link-escapes",
    summary="Unpacking the archive would make a link out of it, or a device.",
    remedy="Do not unpack the file; ask its publisher for an archive of plain files.",
    topic="artifact.malicious_code",
    tags=("CWE-59", "CWE-61"),
)

_ABSOLUTE: Final = re.compile(r"^/|^[A-Za-z]:|\\|\x00")
_MOST: Final = 20


def run(context: Context) -> Iterator[Finding]:
    """Yield one finding per link or device, twenty at most."""
    if not isinstance(context.document, Contents):
        return
    entries = context.document.entries
    links = {_plain(entry.name) for entry in entries if entry.kind == "symlink"}
    found = ((entry, _problem(entry, links)) for entry in entries)
    told = [(entry, problem) for entry, problem in found if problem is not None]
    for entry, problem in told[:_MOST]:
        yield context.finding(
            RULE,
            Severity.HIGH,
            f"member {printable(entry.name)!r} {problem}",
            offset=entry.offset,
            evidence={"member": entry.name, "target": entry.target},
        )


def _problem(entry: Entry, links: set[str]) -> str | None:
    if entry.kind == "device":
        return "is a device or a pipe"
    if entry.kind == "symlink" and _leaves(entry.target, _plain(entry.name).count("/"), links):
        return f"is a symbolic link to {printable(entry.target)!r}, outside the archive"
    if entry.kind == "hardlink" and _leaves(entry.target, 0, links):
        return f"is a hard link to {printable(entry.target)!r}, outside the archive"
    if _behind_a_link(_plain(entry.name), links):
        return "would be written through a symbolic link of this archive"
    return None


def _plain(name: str) -> str:
    return posixpath.normpath(name) if name else name


def _leaves(target: str, depth: int, links: set[str]) -> bool:
    """Whether a target leaves the tree from a folder ``depth`` levels down.

    ``..`` behind a name may start from wherever a link of that name leads, so it counts.
    """
    if not target or _ABSOLUTE.search(target):
        return True
    parts = [part for part in target.split("/") if part not in ("", ".")]
    climbs = 0
    while climbs < len(parts) and parts[climbs] == "..":
        climbs += 1
    return climbs > depth or (".." in parts[climbs:] and bool(links))


def _behind_a_link(name: str, links: set[str]) -> bool:
    if not links:
        return False
    at = name.find("/")
    while at >= 0:
        if name[:at] in links:
            return True
        at = name.find("/", at + 1)
    return False


DETECTOR: Final = Detector(RULE, frozenset({"zip", "tar", "7z"}), run)
