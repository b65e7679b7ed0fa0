"""Small files that several processes change: one writer at a time, old or new after a crash.

Who changes such a file holds its lock from reading it until it is replaced, so none undoes
what another did. Readers need no lock: the file is replaced in one step. The lock is a file
beside it that stays; it ends with the process that holds it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from modelkeep.core.errors import EvidenceError, InputError

_PATIENCE: Final = 30.0  # seconds to wait for another process
DISK_HINT: Final = (
    "Free space on the disk that holds it, or see what is wrong with that disk, and run it "
    "again: nothing that was written before is lost."
)


@contextmanager
def locked(path: Path, patience: float = _PATIENCE) -> Iterator[None]:
    """Hold the lock that all writers of a file share, in this process and in others.

    Not to be taken twice in one thread: it waits for itself.

    Args:
        path: the file that is going to be replaced.
        patience: seconds to wait for another writer.

    Raises:
        InputError: the lock cannot be made, or another process does not let go of it.
    """
    place = path.with_name(f".{path.name}.lock")
    try:
        descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error
    try:
        until = time.monotonic() + patience
        while not _took(descriptor):
            if time.monotonic() > until:
                raise InputError(
                    f"{place}: another process has been changing {path.name} for "
                    f"{patience:g} seconds",
                    "Try again when it is done.",
                )
            time.sleep(0.01)
        yield
    finally:
        os.close(descriptor)


def _took(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def replace_file(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Replace a file in one step; when this returns, it is on disk.

    Args:
        path: the file.
        content: all of it.
        mode: who may read it, less what the umask takes; by default its owner only.

    Raises:
        EvidenceError: the disk is full.
        InputError: it cannot be written for another reason.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        draft.touch(mode=mode, exist_ok=False)
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise write_failure(path, error) from error


def write_failure(path: Path, error: OSError) -> EvidenceError | InputError:
    """The error to raise where writing failed: a full disk says so."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return EvidenceError(f"{path}: {error.strerror or error}", DISK_HINT)
    return InputError(f"{path}: {error.strerror or error}")
