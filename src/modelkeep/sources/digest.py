"""blake3 of every file, and sha256 beside it where a record is made.

sha256 is what signatures and other tools speak; blake3 is several times faster and enough
to know bytes again. Both come out of one read, sha256 in a second thread. Source of the
directory rule: OpenSSF model signing 1.0 (a root digest over the raw file digests in
manifest order).
"""

from __future__ import annotations

import enum
import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import blake3

from modelkeep.core import Digest, EvidenceError
from modelkeep.sources.artifact import Artifact, FileSource

_CHUNK: Final = 4 << 20
_THREAD: Final = 1 << 20  # below this a second thread costs more than it saves
Progress = Callable[[int], None]


class Hashing(enum.Enum):
    """Which digests are computed while a file is read."""

    NONE = "none"
    FAST = "blake3"
    INTEROP = "sha256"
    BOTH = "blake3 and sha256"


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


def digest_source(
    source: FileSource, progress: Progress | None = None, hashing: Hashing = Hashing.BOTH
) -> Digest:
    """Hash one open file through a buffer of 4 MiB."""
    if hashing is Hashing.NONE:
        return Digest("", "")
    sha, fast = hashlib.sha256(), blake3.blake3()
    buffer = memoryview(bytearray(min(_CHUNK, max(1, source.size))))
    offset = 0
    while offset < source.size:
        count = source.read_into(buffer, offset)
        if count == 0:  # the file became shorter; whoever compares stamps will see it
            break
        chunk = buffer[:count]
        if hashing is Hashing.BOTH:
            _update_both(sha, fast, chunk)
        else:
            (sha if hashing is Hashing.INTEROP else fast).update(chunk)
        offset += count
        if progress is not None:
            progress(count)
    return Digest(
        "" if hashing is Hashing.FAST else sha.hexdigest(),
        "" if hashing is Hashing.INTEROP else fast.hexdigest(),
    )


def _update_both(sha: hashlib._Hash, fast: blake3.blake3, chunk: memoryview) -> None:
    """Feed a chunk to both; neither holds the interpreter while it hashes."""
    if len(chunk) < _THREAD:
        sha.update(chunk)
        fast.update(chunk)
        return
    second = threading.Thread(target=sha.update, args=(chunk,))
    second.start()
    fast.update(chunk)
    second.join()


def digest_bytes(data: bytes, hashing: Hashing = Hashing.BOTH) -> Digest:
    """Hash bytes at hand."""
    if hashing is Hashing.NONE:
        return Digest("", "")
    sha, fast = hashlib.sha256(), blake3.blake3()
    if hashing is Hashing.BOTH:
        _update_both(sha, fast, memoryview(data))
        return Digest(sha.hexdigest(), fast.hexdigest())
    if hashing is Hashing.INTEROP:
        return Digest(hashlib.sha256(data).hexdigest(), "")
    fast.update(data)
    return Digest("", fast.hexdigest())


def root_digest(digests: Sequence[Digest]) -> Digest:
    """Digest of a directory from the digests of its files, in manifest order.

    It has a sha256 only if every file has one, and so with blake3.
    """
    whole = all(digest.sha256 for digest in digests)
    known = all(digest.blake3 for digest in digests)
    sha = hashlib.sha256(b"".join(bytes.fromhex(d.sha256) for d in digests)).hexdigest()
    fast = blake3.blake3(b"".join(bytes.fromhex(d.blake3) for d in digests)).hexdigest()
    return Digest(sha if whole else "", fast if known else "")


def manifest_of(artifact: Artifact, files: Sequence[FileDigest]) -> Manifest:
    """The manifest of an artifact from the digests of its files."""
    if not artifact.is_directory:
        return Manifest(tuple(files), files[0].digest)
    return Manifest(tuple(files), root_digest([file.digest for file in files]))


def digest_artifact(
    artifact: Artifact, progress: Progress | None = None, hashing: Hashing = Hashing.BOTH
) -> Manifest:
    """Hash every file of an artifact.

    Args:
        artifact: what to hash.
        progress: called with the number of bytes just read.
        hashing: which digests; a record needs both, a signature sha256 only.

    Raises:
        InputError: a file cannot be opened.
    """
    files = []
    for name in artifact.files:
        with FileSource(artifact.locate(name)) as source:
            files.append(
                FileDigest(name, digest_source(source, progress, hashing), source.size)
            )
    return manifest_of(artifact, files)


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
