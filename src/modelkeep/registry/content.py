"""The store of bytes: by digest, hashed while copied in, never replaced, hashed when read.

What is registered is what was copied: the digest of a version comes from the bytes that
went into the store, so nobody can exchange them between looking and storing. An object is
put in place by a link that fails if the name is taken.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import blake3

from modelkeep.core import Digest, EvidenceError
from modelkeep.core.replacing import write_failure
from modelkeep.sources import Artifact, FileDigest, FileSource, Manifest, manifest_of

_CHUNK: Final = 4 << 20
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class ContentStore:
    """A directory of objects named by their sha256."""

    folder: Path

    def take_in(self, artifact: Artifact, progress: Progress | None = None) -> Manifest:
        """Copy an artifact's files in; returns the digests of what was copied.

        Raises:
            InputError: a file cannot be read, or the store not written.
            EvidenceError: the disk is full.
        """
        return manifest_of(
            artifact, [self._take(artifact, name, progress) for name in artifact.files]
        )

    def _take(self, artifact: Artifact, name: str, progress: Progress | None) -> FileDigest:
        draft = self.folder / f".draft-{secrets.token_hex(8)}"
        sha, fast, size = hashlib.sha256(), blake3.blake3(), 0
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with FileSource(artifact.locate(name)) as source, draft.open("xb") as copy:
                while chunk := source.read(size, _CHUNK):
                    sha.update(chunk)
                    fast.update(chunk)
                    copy.write(chunk)
                    size += len(chunk)
                    if progress is not None:
                        progress(len(chunk))
                copy.flush()
                os.fsync(copy.fileno())
            draft.chmod(0o400)
            self._place(draft, sha.hexdigest())
        except OSError as error:
            raise write_failure(self.folder, error) from error
        finally:
            draft.unlink(missing_ok=True)
        return FileDigest(name, Digest(sha.hexdigest(), fast.hexdigest()), size)

    def _place(self, draft: Path, sha256: str) -> None:
        target = self.path(sha256)
        target.parent.mkdir(exist_ok=True)
        try:
            os.link(draft, target)
        except FileExistsError:  # the same bytes, unless somebody changed them: then say so
            with target.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != sha256:
                    raise _changed(target) from None
        descriptor = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def path(self, sha256: str) -> Path:
        """Where an object lies; to be read through ``copy_out`` only."""
        return self.folder / sha256[:2] / sha256

    def copy_out(self, file: FileDigest, sink: IO[bytes]) -> None:
        """Write an object to ``sink``, hashed on the way.

        Raises:
            EvidenceError: it is not there, or not what it was; what was written until then
                must not be used.
        """
        path, sha = self.path(file.digest.sha256), hashlib.sha256()
        try:
            with path.open("rb") as source:
                while chunk := source.read(_CHUNK):
                    sha.update(chunk)
                    sink.write(chunk)
        except FileNotFoundError as error:
            raise EvidenceError(f"{path}: is gone from the content store") from error
        if sha.hexdigest() != file.digest.sha256:
            raise _changed(path)


def _changed(path: Path) -> EvidenceError:
    return EvidenceError(
        f"{path}: was changed in the content store",
        "Take the keep out of use, and register the model again from a good copy.",
    )


def open_content(root: Path) -> ContentStore:
    """The content store of the keep at ``root``."""
    return ContentStore(root / "registry")
