"""Which signer may assert which predicate: the only way evidence is read back.

A signature proves who wrote a statement, not that they may. The map grants each
key a list of predicate types; a statement by a key without the grant does not count.

A key that was replaced or stolen is not forgotten but *ended*: what it signed before
counts. A thief can write any time into a statement, so beside the time stands how long the
log was then: what was appended later does not count, however old it says it is.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.core.replacing import replace_file
from modelkeep.evidence.canonical import parse_timestamp
from modelkeep.evidence.keys import PublicKey
from modelkeep.evidence.predicates import TABLE, by_key

VERSION: Final = 1


class Ending(msgspec.Struct, frozen=True):
    """From when on a key does not count, and the log entries there were before.

    Attributes:
        since: statements issued at this time or later do not count.
        reason: why, for people.
        log: origin of the log that ``entries`` speaks of.
        entries: in that log, only statements among the first so many count.
    """

    since: str
    reason: str
    log: str = ""
    entries: int = 0

    def covers(self, issued: dt.datetime | None, place: Place | None) -> bool:
        """Whether a statement still counts: issued before, and logged before if known."""
        if issued is None or issued >= parse_timestamp(self.since):
            return False
        return place is None or place.log != self.log or place.entry < self.entries


@dataclass(frozen=True, slots=True)
class Place:
    """Where a statement stands: which log, which entry."""

    log: str
    entry: int


class Signer(msgspec.Struct, frozen=True, omit_defaults=True):
    """One trusted key, what it may assert (short predicate names), and its end."""

    name: str
    keyid: str
    public_key: str
    predicates: tuple[str, ...]
    ended: Ending | None = None

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

    def allows(
        self,
        keyid: str,
        predicate_type: str,
        issued: dt.datetime | None = None,
        place: Place | None = None,
    ) -> bool:
        """Whether this key may assert this predicate type.

        Args:
            keyid: the key that signed.
            predicate_type: what it asserts.
            issued: when, as the statement says; a key that ended counts for nothing without.
            place: where the statement stands in a log, if it does.
        """
        uris = {row.key: row.uri for row in TABLE}
        return any(
            signer.keyid == keyid
            and predicate_type in {uris[key] for key in signer.predicates}
            and (signer.ended is None or signer.ended.covers(issued, place))
            for signer in self.signers
        )

    def signer(self, name: str) -> Signer:
        """The signer of a name.

        Raises:
            UsageError: no signer has that name.
        """
        for signer in self.signers:
            if signer.name == name:
                return signer
        raise UsageError(f"no signer named {name!r} is trusted", "See `modelkeep trust list`.")

    def name_of(self, keyid: str) -> str:
        """Name of the signer with this key; empty if there is none."""
        return next((s.name for s in self.signers if s.keyid == keyid), "")

    def ending(self, keyid: str, end: Ending) -> TrustMap:
        """A map in which a key ended; of two endings the earlier stays.

        A key that the map does not know changes nothing: it counts for nothing already.
        """
        return self._replacing(
            msgspec.structs.replace(signer, ended=_earlier(signer.ended, end))
            if signer.keyid == keyid
            else signer
            for signer in self.signers
        )

    def renamed(self, old: str, new: str) -> TrustMap:
        """A map in which a signer has another name."""
        return self._replacing(
            msgspec.structs.replace(signer, name=new) if signer.name == old else signer
            for signer in self.signers
        )

    def merged(self, other: TrustMap) -> TrustMap:
        """This map with signers, logs and endings of another; grants stay as they are here.

        A signer whose name is taken here gets the start of its key id behind it.

        Raises:
            UsageError: a log is known here with another key.
        """
        result = self
        for signer in other.signers:
            known = [own for own in result.signers if own.keyid == signer.keyid]
            if not known:
                taken = any(own.name == signer.name for own in result.signers)
                name = f"{signer.name}-{signer.keyid[:8]}" if taken else signer.name
                result = result.with_signer(name, signer.key, signer.predicates)
            if signer.ended is not None:
                result = result.ending(signer.keyid, signer.ended)
        origins = {log.origin: log for log in result.logs}
        for log in other.logs:
            if origins.get(log.origin, log) != log:
                raise UsageError(f"the log {log.origin!r} is known here with another key")
        added = tuple(log for log in other.logs if log.origin not in origins)
        return msgspec.structs.replace(result, logs=(*result.logs, *added))

    def _replacing(self, signers: Iterable[Signer]) -> TrustMap:
        return msgspec.structs.replace(self, signers=tuple(signers))

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
        gone = self.signer(name)
        kept = tuple(signer for signer in self.signers if signer is not gone)
        return TrustMap(self.version, kept, self.logs)

    def to_json(self) -> bytes:
        """The map as a file for others to verify with."""
        text = json.dumps(msgspec.to_builtins(self), indent=2, sort_keys=True)
        return text.encode() + b"\n"


def _earlier(one: Ending | None, other: Ending) -> Ending:
    """The stricter of two endings in both respects: time, and entries of the same log."""
    if one is None:
        return other
    first, second = sorted((one, other), key=lambda end: parse_timestamp(end.since))
    if first.log == second.log:
        return msgspec.structs.replace(first, entries=min(first.entries, second.entries))
    return first


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
    return parse_trust_map(text, str(path))


def parse_trust_map(text: bytes, path: str) -> TrustMap:
    """Parse a map; ``path`` is where it came from, for messages.

    Raises:
        EvidenceError: not a trust map, or a key id that is not its key's.
    """
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
        if signer.ended is not None:
            parse_timestamp(signer.ended.since)
    return found


def save_trust_map(path: Path, trust: TrustMap) -> None:
    """Replace the file in one step, so that a crash leaves the old map or the new one.

    Raises:
        EvidenceError: the disk is full.
        InputError: it cannot be written for another reason.
    """
    replace_file(path, trust.to_json())
