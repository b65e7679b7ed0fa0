"""What an archive would put on a disk, whatever kind of archive it is.

Zip, tar, 7z and their like share the ways in which unpacking goes wrong: names that climb
out, links, devices, and little that becomes far too much. One shape lets one rule see them all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["file", "folder", "symlink", "hardlink", "device"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that unpacking makes.

    Attributes:
        name: its path as written.
        offset: where the archive says so.
        kind: what would be made.
        target: where a link points, as written.
    """

    name: str
    offset: int
    kind: Kind = "file"
    target: str = ""


@dataclass(slots=True)
class Contents:
    """All entries of an archive, or none of a file that is one compressed stream.

    Attributes:
        entries: in their order; names may repeat.
        bombs: what unpacks to far more than it is, each as ``(offset, sentence)``.
    """

    entries: list[Entry] = field(default_factory=list)
    bombs: list[tuple[int, str]] = field(default_factory=list)
