"""API keys: 256 random bits each, kept as a digest, scoped to models and actions, expiring.

One file holds the digests. Several processes may share it: who writes holds a lock from
reading to replacing it, so none undoes what another did, and who reads it does so again when
it changes, so a withdrawn key ends everywhere.

Sources: OWASP API Security top 10 (2023), API2 and API5; NIST SP 800-63B, 5.1.2
(look-up secrets of this entropy need no slow hash).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import Clock, parse_timestamp, timestamp

ACTIONS: Final = ("infer", "observe", "administer")
PREFIX: Final = "mk_"
_PATIENCE: Final = 30.0  # seconds to wait for another process


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Who asks, as the key says.

    Attributes:
        id: of the key.
        tenant: whom the key belongs to.
        models: names of models it may use; ``*`` stands for all.
        actions: some of ``ACTIONS``.
    """

    id: str
    tenant: str
    models: frozenset[str]
    actions: frozenset[str]

    def may(self, action: str, model: str = "") -> bool:
        """Whether the key allows an action, on a model where one is meant."""
        on_model = not model or "*" in self.models or model in self.models
        return action in self.actions and on_model


class Key(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One key as it is kept.

    Attributes:
        id: public name of the key.
        sha256: digest of the secret, hex.
        tenant: whom it belongs to.
        models: names of models, or ``*``.
        actions: some of ``ACTIONS``.
        expires: RFC 3339.
    """

    id: str
    sha256: str
    tenant: str
    models: tuple[str, ...]
    actions: tuple[str, ...]
    expires: str


@dataclass(slots=True)
class Keyring:
    """The keys in one file.

    Attributes:
        path: the file.
        clock: gives the time.
    """

    path: Path
    clock: Clock
    _keys: tuple[Key, ...] = ()
    _known: dict[str, tuple[KeyHolder, dt.datetime]] = field(default_factory=dict)
    _stamp: tuple[int, int, int] = (0, 0, 0)

    def reload(self) -> None:
        """Read the file again if it changed.

        Raises:
            InputError: it cannot be read; no key counts then.
        """
        try:
            found = self.path.stat()
            stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
            if stamp == self._stamp:
                return
            keys = msgspec.json.decode(self.path.read_bytes(), type=tuple[Key, ...])
            known = {
                key.sha256: (
                    KeyHolder(
                        key.id, key.tenant, frozenset(key.models), frozenset(key.actions)
                    ),
                    parse_timestamp(key.expires),
                )
                for key in keys
            }
        except FileNotFoundError:
            keys, known, stamp = (), {}, (0, 0, 0)
        except (OSError, ValueError, EvidenceError) as error:
            self._known = {}
            raise InputError(f"{self.path}: cannot be read as keys ({error})") from error
        self._keys, self._known, self._stamp = keys, known, stamp

    def find(self, secret: str) -> KeyHolder | None:
        """Who a secret belongs to; ``None`` for nobody, or where the key expired."""
        digest = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
        found = self._known.get(digest)
        if found is None or self.clock() >= found[1]:
            return None
        return found[0]

    def issue(
        self, tenant: str, models: tuple[str, ...], actions: tuple[str, ...], days: float
    ) -> tuple[Key, str]:
        """Make a key; the secret is handed back once and kept nowhere.

        Raises:
            InputError: an unknown action, no lifetime, or the file cannot be written.
        """
        if not actions or set(actions) - set(ACTIONS) or not 0 < days <= 3650:  # noqa: PLR2004
            raise InputError(
                f"a key needs some of the actions {', '.join(ACTIONS)} and 0 to 3650 days"
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        key = Key(
            id=secrets.token_hex(6),
            sha256=hashlib.sha256(secret.encode()).hexdigest(),
            tenant=tenant,
            models=models,
            actions=actions,
            expires=timestamp(self.clock() + dt.timedelta(days=days)),
        )
        with self._locked():
            self.reload()
            self._write((*self._keys, key))
        return key, secret

    def withdraw(self, identity: str) -> bool:
        """End a key; whether there was one."""
        with self._locked():
            self.reload()
            left = tuple(key for key in self._keys if key.id != identity)
            changed = len(left) < len(self._keys)
            if changed:
                self._write(left)
        return changed

    def administrators(self) -> int:
        """How many keys in force may administer."""
        now = self.clock()
        return sum(who.may("administer") and now < end for who, end in self._known.values())

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock that all writers of the file share, in this process and in others."""
        place = self.path.with_name(f".{self.path.name}.lock")
        try:
            descriptor = os.open(place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise InputError(f"{place}: {error.strerror}") from error
        try:
            until = time.monotonic() + _PATIENCE
            while not _took(descriptor):
                if time.monotonic() > until:
                    raise InputError(f"{place}: another process holds the keys", "Try again.")
                time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)

    def _write(self, keys: tuple[Key, ...]) -> None:
        draft = self.path.with_name(f".{self.path.name}.{secrets.token_hex(4)}")
        try:
            draft.touch(mode=0o600, exist_ok=False)
            with draft.open("wb") as file:
                file.write(msgspec.json.encode(keys))
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise InputError(f"{self.path}: {error.strerror}") from error
        self.reload()


def _took(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
