"""The revocation list: signed statements in the log that end a key, and their effect.

The list is no file of its own. A revocation is a statement about a key (its subject's
sha256 is the key's id) by a signer whom the trust map lets assert revocations; opening a
keep applies all of them to its trust map, so that editing the map by hand brings no key
back. They travel to other machines as they were signed (``transfer``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final

import msgspec

from modelkeep.core import Digest, EvidenceError, Subject
from modelkeep.core.clock import timestamp
from modelkeep.evidence.predicate_trust import Revocation
from modelkeep.evidence.predicates import by_key
from modelkeep.evidence.statement import (
    Clock,
    Statement,
    UnknownSignerError,
    make_statement,
    parse_statement,
    verify_envelope,
)
from modelkeep.evidence.store_tables import Entry
from modelkeep.evidence.trust_map import Ending, Place, Signer, TrustMap

KEY: Final = "revocation"


def make_revocation(
    signer: Signer, since: dt.datetime, reason: str, place: Place, clock: Clock
) -> Statement:
    """The statement that ends a signer's key.

    Args:
        signer: whose key.
        since: the moment of compromise or replacement.
        reason: why, for people.
        place: the log, and how many entries it had at that moment.
        clock: gives the time.
    """
    subject = Subject("key", signer.name, Digest(signer.keyid, ""))
    fields = {
        "facts": {},
        "name": signer.name,
        "since": timestamp(since),
        "reason": reason,
        "log": place.log,
        "entries": place.entry,
    }
    return make_statement(KEY, (subject,), fields, clock=clock)


def apply_revocations(entries: Iterable[Entry], trust: TrustMap, origin: str) -> TrustMap:
    """The trust map after all revocations that count, judged in log order.

    One that a later revocation turns against its own signer stays: between stopping too
    much and too little, this stops too much.

    Args:
        entries: revocation entries in log order.
        trust: which signer may assert revocations.
        origin: the log the entries stand in.

    Raises:
        EvidenceError: an entry is not what was signed: a keep whose list of revocations
            cannot be read trusts nobody.
    """
    for entry in entries:
        found = read_revocation(entry.body, trust, Place(origin, entry.seq))
        if found is not None:
            trust = trust.ending(*found)
    return trust


def read_revocation(
    body: bytes, trust: TrustMap, place: Place | None
) -> tuple[str, Ending] | None:
    """The key that a revocation ends, and how; ``None`` if its signer may not say so.

    Raises:
        EvidenceError: not a revocation, or not what was signed.
    """
    try:
        payload, keyid = verify_envelope(body, trust.keys())
    except UnknownSignerError:  # anybody could have written it
        return None
    statement = parse_statement(payload)
    if statement.predicate_type != by_key(KEY).uri:
        raise EvidenceError("an entry of the revocation list is another kind of statement")
    if not trust.allows(keyid, statement.predicate_type, statement.issued, place):
        return None
    try:
        said = msgspec.convert(statement.predicate, Revocation)
    except msgspec.ValidationError as error:
        raise EvidenceError(f"a revocation cannot be read: {error}") from error
    ending = Ending(said.since, said.reason, said.log, said.entries)
    return statement.subjects[0].digest.sha256, ending
