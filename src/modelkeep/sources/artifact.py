"""An artifact on disk: a file or a tree, every file of it, each read through one handle.

Everything in the tree counts: dot files, empty files, files behind symbolic
links (under the link's name). A link to a directory, a dangling link, and
anything that is neither file nor directory are refused, because a loader and a
checker could see different things through them.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from modelkeep.core import EvidenceError, InputError
from modelkeep.core.text import printable

SIGNATURE_NAME: Final = "model.sig"


class FileSource:
    """Random access to one open file; a context manager."""

    def __init__(self, path: str | Path) -> None:
        try:
            # Without waiting: a pipe would never open.
            self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
        found = os.fstat(self._fd)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._fd)
            raise InputError(f"{path}: not a regular file", "Remove it from the artifact.")
        self._size = found.st_size

    @property
    def size(self) -> int:
        """Length in bytes when the file was opened."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        parts: list[bytes] = []
        if not 0 <= offset < self._size:
            return b""
        while length > 0:
            part = os.pread(self._fd, min(length, 1 << 30), offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_into(self, buffer: memoryview, offset: int) -> int:
        """Fill a buffer from ``offset``; returns how many bytes there were."""
        return os.preadv(self._fd, [buffer], offset)

    def stamp(self) -> tuple[int, ...]:
        """Identity, length and change times of the open file."""
        return _stamp(os.fstat(self._fd))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._fd)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file or directory and the names of its files.

    Attributes:
        path: what the user named.
        is_directory: whether it is a tree.
        files: names relative to ``path`` in manifest order; ``("",)`` for a file.
    """

    path: Path
    is_directory: bool
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        """The last part of the path, as it is known to people."""
        return printable(self.path.name or self.path.resolve().name)

    @property
    def signature(self) -> Path:
        """Where the signature lies: beside a file, inside a directory."""
        if self.is_directory:
            return self.path / SIGNATURE_NAME
        return self.path.with_name(self.path.name + ".sig")

    def locate(self, name: str) -> Path:
        """Path of one of ``files``."""
        return self.path / name if name else self.path

    def sizes(self) -> Iterator[int]:
        """Lengths of the files in order; 0 for what cannot be looked at."""
        for name in self.files:
            try:
                yield self.locate(name).stat().st_size
            except OSError:
                yield 0

    def links(self) -> dict[str, str]:
        """Files whose bytes have another name: ``hard``, or ``symbolic`` if it lies outside.

        A snapshot of the Hugging Face cache links to the blobs of the same repository,
        which belong to it; such links are left out.
        """
        if not self.is_directory:
            return {}
        root = self.path.resolve()
        found: dict[str, str] = {}
        known = {name: _status(self.path, name) for name in self.files}
        stats = {name: status for name, status in known.items() if status is not None}
        for name, status in stats.items():
            if stat.S_ISLNK(status.st_mode):
                if not _belongs(self.locate(name).resolve(), root):
                    found[name] = "symbolic"
            elif status.st_nlink > 1:
                found[name] = "hard"
        return found

    def display(self, name: str) -> str:
        """How a file of the artifact is named in findings."""
        return printable(name or self.path.name)


def _status(folder: Path, name: str) -> os.stat_result | None:
    """What a name stands for; nothing if it has just gone, which its reader will say."""
    try:
        return os.lstat(f"{folder}/{name}")
    except OSError:
        return None


def _belongs(target: Path, root: Path) -> bool:
    if target.is_relative_to(root):
        return True
    repository = root.parent.parent
    return root.parent.name == "snapshots" and target.parent == repository / "blobs"


def open_artifact(path: str | Path, *, tolerant: bool = False) -> Artifact:
    """List the files of an artifact, its signature excluded.

    Args:
        path: a file or directory.
        tolerant: list what is no file as well; opening it will fail, and cost no other
            file its scan. Nothing is signed or loaded from such a list.

    Raises:
        InputError: nothing is there, the tree holds no file, or (unless tolerant)
            something in it is neither a file, a directory nor a link to a file.
    """
    root = Path(path)
    if not root.exists():
        raise InputError(f"{root}: no such file or directory")
    if not root.is_dir():
        _require_regular(root)
        return Artifact(root, is_directory=False, files=("",))
    names = sorted(_walk(root, "", tolerant=tolerant), key=lambda name: name.split("/"))
    files = tuple(name for name in names if name != SIGNATURE_NAME)
    if not files:
        raise InputError(f"{root}: the directory holds no file")
    return Artifact(root, is_directory=True, files=files)


def _walk(root: Path, folder: str, *, tolerant: bool) -> Iterator[str]:
    with os.scandir(root / folder) as entries:
        for entry in entries:
            name = f"{folder}{entry.name}"
            if entry.is_file(follow_symlinks=False):
                yield name
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(root, f"{name}/", tolerant=tolerant)
                continue
            if tolerant:
                yield name
                continue
            path = Path(entry.path)
            if entry.is_symlink() and (not path.exists() or path.is_dir()):
                raise InputError(
                    f"{path}: a link to a directory or to nothing cannot be covered",
                    "Replace the link by a copy of what it points to.",
                )
            _require_regular(path)
            yield name


def _require_regular(path: Path) -> None:
    if not stat.S_ISREG(path.stat().st_mode):
        raise InputError(f"{path}: not a regular file", "Remove it from the artifact.")


def read_unchanged(path: Path, sha256: str, limit: int = 4 << 30) -> bytes:
    """Read a file whole and make sure it still has the digest that was checked.

    Raises:
        EvidenceError: the bytes changed since they were checked.
        InputError: the file is larger than ``limit``.
    """
    with FileSource(path) as source:
        if source.size > limit:
            raise InputError(f"{path}: larger than {limit} bytes")
        data = source.read(0, source.size)
    if hashlib.sha256(data).hexdigest() != sha256:
        raise EvidenceError(f"{path}: changed while it was being checked")
    return data


def stamp(artifact: Artifact) -> tuple[tuple[int, ...], ...]:
    """Identity, length and change time of every file.

    Taken before hashing and after scanning: equal stamps mean that both saw the
    same bytes. An edit that restores the modification time still moves ``ctime``.
    Root can forge it, so loading hashes again (``read_unchanged``).
    """
    return tuple(_stamp(artifact.locate(name).stat()) for name in artifact.files)


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return (
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
        found.st_ctime_ns,
    )
