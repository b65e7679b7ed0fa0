"""sha256 and blake3 of every file in one read.

sha256 is what signatures and other tools speak; blake3 is the fast second
opinion. Source of the directory rule: OpenSSF model signing 1.0 (a root digest over
the raw file digests in manifest order).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import blake3

from modelkeep.core import Digest, EvidenceError
from modelkeep.sources.artifact import Artifact, FileSource

_CHUNK: Final = 4 << 20
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FileDigest:
    """One line of a manifest."""

    name: str
    digest: Digest
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """Digests of every file of an artifact and of the whole."""

    files: tuple[FileDigest, ...]
    digest: Digest


def digest_source(source: FileSource, progress: Progress | None = None) -> Digest:
    """Hash one open file."""
    sha, fast = hashlib.sha256(), blake3.blake3()
    for offset in range(0, source.size, _CHUNK):
        chunk = source.read(offset, _CHUNK)
        sha.update(chunk)
        fast.update(chunk)
        if progress is not None:
            progress(len(chunk))
    return Digest(sha.hexdigest(), fast.hexdigest())


def digest_bytes(data: bytes) -> Digest:
    """Hash bytes at hand."""
    return Digest(hashlib.sha256(data).hexdigest(), blake3.blake3(data).hexdigest())


def root_digest(digests: list[Digest]) -> Digest:
    """Digest of a directory from the digests of its files, in manifest order."""
    return Digest(
        hashlib.sha256(b"".join(bytes.fromhex(d.sha256) for d in digests)).hexdigest(),
        blake3.blake3(b"".join(bytes.fromhex(d.blake3) for d in digests)).hexdigest(),
    )


def digest_artifact(artifact: Artifact, progress: Progress | None = None) -> Manifest:
    """Hash every file of an artifact.

    Args:
        artifact: what to hash.
        progress: called with the number of bytes just read.

    Raises:
        InputError: a file cannot be opened.
    """
    files = []
    for name in artifact.files:
        with FileSource(artifact.locate(name)) as source:
            files.append(FileDigest(name, digest_source(source, progress), source.size))
    if not artifact.is_directory:
        return Manifest(tuple(files), files[0].digest)
    return Manifest(tuple(files), root_digest([file.digest for file in files]))


@contextmanager
def private_copy(artifact: Artifact, manifest: Manifest) -> Iterator[Path]:
    """A copy of a tree that nobody else writes to, checked while it is made.

    Raises:
        EvidenceError: a file is no longer what the manifest says.
    """
    with tempfile.TemporaryDirectory(prefix="modelkeep-") as name:
        folder = Path(name)
        for file in manifest.files:
            target = folder / file.name
            target.parent.mkdir(parents=True, exist_ok=True)
            sha = hashlib.sha256()
            with FileSource(artifact.locate(file.name)) as source, target.open("wb") as copy:
                for offset in range(0, source.size, _CHUNK):
                    chunk = source.read(offset, _CHUNK)
                    sha.update(chunk)
                    copy.write(chunk)
            if sha.hexdigest() != file.digest.sha256:
                raise EvidenceError(f"{file.name}: changed while it was being checked")
        yield folder
