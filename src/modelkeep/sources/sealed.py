"""A private copy in memory that nobody can change, hashed while it was made.

Between checking a file and loading it somebody can exchange it. So it is read once, into a
memory file; the kernel then seals it against writing, growing and shrinking, and what is
checked and what is loaded are the same pages. It costs the model's size in memory, which
loaders that map files share.

Source: Linux ``memfd_create(2)``, ``fcntl(2)`` file sealing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import blake3

from modelkeep.core import Digest, InputError
from modelkeep.sources.artifact import Artifact, FileSource
from modelkeep.sources.digest import FileDigest, Manifest, manifest_of

_CHUNK: Final = 4 << 20
_SEALS: Final = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class SealedCopy:
    """A sealed copy of an artifact.

    Attributes:
        manifest: digests of the bytes in the copy.
        path: opens the copy: the memory file itself of a single file, else ``named``.
        named: the same under the artifact's own names, in a private directory.
    """

    manifest: Manifest
    path: Path
    named: Path


@contextmanager
def sealed_copy(artifact: Artifact, progress: Progress | None = None) -> Iterator[SealedCopy]:
    """Copy an artifact into sealed memory files; gone when the context ends.

    What a loader mapped stays mapped.

    Raises:
        InputError: a file cannot be read, or there is no memory for it.
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modelkeep-")))
        named = folder / (artifact.path.name or "model")
        digests = []
        place = named
        for name in artifact.files:
            descriptor, digest = _copy(artifact, name, progress)
            stack.callback(os.close, descriptor)
            digests.append(digest)
            link = named / name if name else named
            link.parent.mkdir(parents=True, exist_ok=True)
            place = Path(f"/proc/self/fd/{descriptor}")
            link.symlink_to(place)
        path = named if artifact.is_directory else place
        yield SealedCopy(manifest_of(artifact, digests), path, named)


def _copy(artifact: Artifact, name: str, progress: Progress | None) -> tuple[int, FileDigest]:
    sha, fast, size = hashlib.sha256(), blake3.blake3(), 0
    descriptor = os.memfd_create("modelkeep", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        with FileSource(artifact.locate(name)) as source:
            while chunk := source.read(size, _CHUNK):
                sha.update(chunk)
                fast.update(chunk)
                _write(descriptor, chunk)
                size += len(chunk)
                if progress is not None:
                    progress(len(chunk))
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, _SEALS)
    except OSError as error:
        os.close(descriptor)
        raise InputError(f"{artifact.locate(name)}: {error.strerror}") from error
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor, FileDigest(name, Digest(sha.hexdigest(), fast.hexdigest()), size)


def _write(descriptor: int, chunk: bytes) -> None:
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
