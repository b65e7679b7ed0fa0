"""A local store of what is expensive to find out again: a convenience, never evidence.

One SQLite file in a private folder. Every entry carries a keyed hash over its key and its
body; what somebody else wrote into the file, or moved from one key to another, is not
found. Whoever can read the folder's secret could forge entries, which is why nothing that
is signed, recorded or decided upon ever comes from here.

Source: BLAKE3 specification, keyed mode.
"""

from __future__ import annotations

import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Final

import blake3

SECRET: Final = "secret"  # noqa: S105 - the name of a file
STORE: Final = "verdicts.sqlite"
MOST: Final = 100_000  # entries; the oldest tenth goes when there are more
_LENGTH: Final = 32
_TABLE: Final = "CREATE TABLE IF NOT EXISTS entry (key BLOB PRIMARY KEY, body BLOB) STRICT"

_OLDEST: Final = (
    "DELETE FROM entry WHERE rowid IN (SELECT rowid FROM entry ORDER BY rowid LIMIT ?)"
)


class Cache:
    """Entries by key; every failure of the store reads as "not there".

    It is opened again after a fork, because a connection belongs to one process.
    """

    def __init__(self, folder: Path, most: int = MOST) -> None:
        self._folder, self._most = folder, most
        self._secret = _secret(folder)
        self._reader: sqlite3.Connection | None = None
        self._owner = 0

    def get(self, key: bytes) -> bytes | None:
        """The body of an entry that was written by somebody who knows the secret."""
        if self._secret is None:
            return None
        try:
            row = (
                self._open().execute("SELECT body FROM entry WHERE key = ?", (key,)).fetchone()
            )
        except sqlite3.Error:
            return None
        if row is None or not isinstance(row[0], bytes):
            return None
        mark, body = row[0][:_LENGTH], row[0][_LENGTH:]
        return body if hmac.compare_digest(mark, self._mark(key, body)) else None

    def put(self, entries: Iterable[tuple[bytes, bytes]]) -> None:
        """Write entries, all of them or none."""
        if self._secret is None:
            return
        rows = [(key, self._mark(key, body) + body) for key, body in entries]
        if not rows:
            return
        try:
            with closing(sqlite3.connect(self._folder / STORE, timeout=2)) as store, store:
                store.execute(_TABLE)
                store.executemany("INSERT OR REPLACE INTO entry VALUES (?, ?)", rows)
                self._prune(store)
        except sqlite3.Error:
            return

    def _prune(self, store: sqlite3.Connection) -> None:
        (count,) = store.execute("SELECT count(*) FROM entry").fetchone()
        if count > self._most:
            store.execute(
                _OLDEST,
                (count - self._most + self._most // 10,),
            )

    def _open(self) -> sqlite3.Connection:
        if self._reader is None or self._owner != os.getpid():
            uri = (self._folder.absolute() / STORE).as_uri()
            self._reader = sqlite3.connect(f"{uri}?mode=ro", uri=True, timeout=2)
            self._owner = os.getpid()
        return self._reader

    def _mark(self, key: bytes, body: bytes) -> bytes:
        return blake3.blake3(key + body, key=self._secret or bytes(_LENGTH)).digest()


def _secret(folder: Path) -> bytes | None:
    """The folder's secret, made where there is none; ``None`` where none can be kept."""
    path = folder / SECRET
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o022 or folder.stat().st_uid != os.getuid():
            return None  # others could write here
        if not path.exists():
            draft = path.with_name(f"{SECRET}.{secrets.token_hex(4)}")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(_LENGTH))
            try:
                os.link(draft, path)  # another process may have been first
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        found = path.read_bytes()
    except OSError:
        return None
    return found if len(found) == _LENGTH else None


def cache_folder(setting: str, keep: str) -> Path | None:
    """Where the cache lies: as set, else in the keep, else among the user's caches.

    Args:
        setting: ``off``, ``auto`` or a directory.
        keep: the keep's directory as set, or empty.
    """
    if setting == "off":
        return None
    if setting != "auto":
        return Path(setting)
    here = Path.cwd()
    keeps = (
        [Path(keep)] if keep else [folder / ".modelkeep" for folder in (here, *here.parents)]
    )
    for folder in keeps:
        if folder.is_dir():
            return folder / "cache"
    own = os.environ.get("XDG_CACHE_HOME", "")
    home = os.environ.get("HOME", "")
    if not own and not home:
        return None
    return (Path(own) if own else Path(home) / ".cache") / "modelkeep"
