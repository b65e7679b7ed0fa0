"""What a publisher says the bytes are: a checksum file, or a clone with pointers.

``git clone`` without large files leaves, in place of each, a pointer with its sha256. Such
a clone is a list of published checksums; so is a ``SHA256SUMS`` file.

Sources: git-lfs pointer specification v1; coreutils ``sha256sum``.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Final

from modelkeep.core import InputError
from modelkeep.sources import open_artifact
from modelkeep.trust.manifest import read_checksums

_LARGEST_POINTER: Final = 1024  # bytes, by the specification
_POINTER: Final = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n"
    rb"(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d+)\n?"
)


def pointer_digest(data: bytes) -> str | None:
    """The sha256 a pointer stands for; ``None`` if the bytes are no pointer."""
    found = _POINTER.fullmatch(data)
    return found[1].decode() if found else None


def read_published(path: Path) -> dict[str, str]:
    """sha256 by name, as published.

    Args:
        path: a ``sha256sum`` file, or a directory: a clone whose large files are pointers.

    Raises:
        InputError: nothing there, or neither of these.
    """
    if not path.is_dir():
        return read_checksums(path)
    artifact = open_artifact(path)
    found: dict[str, str] = {}
    pointers = 0
    for name in artifact.files:
        if name.split("/", 1)[0] == ".git":
            continue
        place = artifact.locate(name)
        data = place.read_bytes() if place.stat().st_size <= _LARGEST_POINTER else b""
        digest = pointer_digest(data)
        pointers += digest is not None
        found[artifact.display(name)] = digest or _sha256(place)
    if not pointers:
        raise InputError(
            f"{path}: no file in it is a pointer with a checksum",
            "Clone with GIT_LFS_SKIP_SMUDGE=1, or give a SHA256SUMS file.",
        )
    return found


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
