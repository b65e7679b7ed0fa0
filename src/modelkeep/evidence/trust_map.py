"""Which signer may assert which predicate: the only way evidence is read back.

A signature proves who wrote a statement, not that they may. The map grants each
key a list of predicate types; a statement by a key without the grant does not count.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.evidence.keys import PublicKey
from modelkeep.evidence.predicates import TABLE, by_key

VERSION: Final = 1


class Signer(msgspec.Struct, frozen=True):
    """One trusted key and what it may assert (short predicate names)."""

    name: str
    keyid: str
    public_key: str
    predicates: tuple[str, ...]

    @property
    def key(self) -> PublicKey:
        """The key, its id recomputed rather than believed."""
        return PublicKey.from_pem(self.public_key)


class Log(msgspec.Struct, frozen=True):
    """One trusted log: its origin and its C2SP verifier key."""

    origin: str
    vkey: str


class TrustMap(msgspec.Struct, frozen=True):
    """Signers and logs."""

    version: int = VERSION
    signers: tuple[Signer, ...] = ()
    logs: tuple[Log, ...] = ()

    def keys(self) -> tuple[PublicKey, ...]:
        """All signers' keys."""
        return tuple(PublicKey(s.keyid, s.public_key) for s in self.signers)

    def allows(self, keyid: str, predicate_type: str) -> bool:
        """Whether this key may assert this predicate type."""
        uris = {row.key: row.uri for row in TABLE}
        return any(
            signer.keyid == keyid and predicate_type in {uris[key] for key in signer.predicates}
            for signer in self.signers
        )

    def with_signer(self, name: str, key: PublicKey, predicates: tuple[str, ...]) -> TrustMap:
        """A map that also trusts ``key``.

        Raises:
            UsageError: the name is taken.
            EvidenceError: an unknown predicate.
        """
        if any(signer.name == name for signer in self.signers):
            raise UsageError(f"a signer named {name!r} is trusted already", "Remove it first.")
        for predicate in predicates:
            by_key(predicate)
        added = Signer(name, key.keyid, key.pem, predicates)
        return TrustMap(self.version, (*self.signers, added), self.logs)

    def without_signer(self, name: str) -> TrustMap:
        """A map that no longer trusts ``name``.

        Raises:
            UsageError: no signer has that name.
        """
        kept = tuple(signer for signer in self.signers if signer.name != name)
        if len(kept) == len(self.signers):
            raise UsageError(
                f"no signer named {name!r} is trusted", "See `modelkeep trust list`."
            )
        return TrustMap(self.version, kept, self.logs)

    def to_json(self) -> bytes:
        """The map as a file for others to verify with."""
        text = json.dumps(msgspec.to_builtins(self), indent=2, sort_keys=True)
        return text.encode() + b"\n"


def load_trust_map(path: Path) -> TrustMap:
    """Read a map and check that every key id belongs to its key.

    Raises:
        InputError: no such file.
        EvidenceError: not a trust map, or a key id that is not its key's.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    try:
        found = msgspec.json.decode(text, type=TrustMap)
    except msgspec.DecodeError as error:
        raise EvidenceError(f"{path}: not a trust map ({error})") from error
    if found.version != VERSION:
        raise EvidenceError(f"{path}: trust map version {found.version} is not known")
    for signer in found.signers:
        if signer.key.keyid != signer.keyid:
            raise EvidenceError(f"{path}: key id of {signer.name!r} is not that of its key")
        for predicate in signer.predicates:
            by_key(predicate)
    return found


def save_trust_map(path: Path, trust: TrustMap) -> None:
    """Replace the file in one step, so that a crash leaves the old map or the new one."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".trust-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(trust.to_json())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
