"""The seal on disk: a signed statement and the manifest it names, beside the data.

``DATA.seal`` has two lines: the statement's envelope, which holds the sha256 of the second
line, and the manifest. ``DATA.seal.tags`` holds eight bytes per row of every table, in
order; the manifest holds its digest. Without it the seal proves as much and points less.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import blake3
import msgspec
import numpy as np

from modelkeep.core import EvidenceError, InputError
from modelkeep.core.replacing import replace_file
from modelkeep.data.interface import BLOCK, DataManifest
from modelkeep.data.sealing import VERSION, root_of
from modelkeep.sources import Artifact

_LARGEST: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class SealFile:
    """What the file holds, not verified yet."""

    envelope: bytes
    manifest: DataManifest
    sha256: str


def place_of_seal(artifact: Artifact) -> Path:
    """Where the seal of a file or a directory lies: beside it."""
    path = artifact.path if artifact.path.name else artifact.path.resolve()
    return path.with_name(f"{path.name}.seal")


def place_of_tags(seal: Path) -> Path:
    """Where the tags of the rows lie."""
    return seal.with_name(f"{seal.name}.tags")


def write_seal(path: Path, envelope: bytes, manifest: bytes) -> None:
    """Replace the seal in one step.

    Raises:
        InputError: it cannot be written.
    """
    replace_file(path, envelope + b"\n" + manifest + b"\n", mode=0o644)


def read_seal(path: Path) -> SealFile:
    """Read a seal; the caller verifies the envelope.

    Raises:
        InputError: there is none.
        EvidenceError: it is not one.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise EvidenceError(f"{path}: too large for a seal")
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path}: {error.strerror}", "Seal the data first: modelkeep data seal DATA"
        ) from error
    envelope, _, rest = data.partition(b"\n")
    text = rest.removesuffix(b"\n")
    try:
        manifest = msgspec.json.decode(text, type=DataManifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EvidenceError(f"{path}: not a seal ({error})") from error
    if manifest.version != VERSION or manifest.block_rows != BLOCK:
        raise EvidenceError(f"{path}: a seal of version {manifest.version} is not known")
    return SealFile(envelope, manifest, hashlib.sha256(text).hexdigest())


def require_consistent(manifest: DataManifest, path: Path) -> None:
    """Make sure that root and sums follow from the files listed.

    Raises:
        EvidenceError: they do not.
    """
    rows = sum(file.rows for file in manifest.files)
    if root_of(manifest.files) != manifest.root or rows != manifest.rows:
        raise EvidenceError(f"{path}: its root does not follow from its blocks")


def open_tags(path: Path, manifest: DataManifest) -> np.ndarray | None:
    """The rows' tags, mapped from disk; ``None`` if they are not those that were sealed."""
    rows = sum(file.rows for file in manifest.files if file.columns)
    fast = blake3.blake3()
    try:
        with path.open("rb") as file:
            while part := file.read(1 << 20):
                fast.update(part)
        if fast.hexdigest() != manifest.tags_blake3 or path.stat().st_size != 8 * rows:
            return None
        return np.memmap(path, "<u8", "r") if rows else np.zeros(0, np.uint64)
    except OSError:
        return None
