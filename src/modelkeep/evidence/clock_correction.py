"""Entries made while the clock was ahead: who may say that their time is wrong.

A gate denies while the clock is behind the newest entry, because a clock set back brings
expired evidence to life again. A gate that answered while the clock was *ahead* leaves an
entry that no right clock reaches for a long time. A correction names such entries and why
their time is wrong; the clock is not compared with them any more.

Whoever can set the clock back could say so as well. So the keep's own key does not count,
only that of a person whom the trust map lets speak about the clock. And only records of what
was asked can be named, decisions and uses of access: a finding, a stage or a revocation that
a correction set aside would be hidden, and there the clock or a fresh keep is what helps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.core import Digest, EvidenceError, Subject, UsageError
from modelkeep.core.clock import timestamp
from modelkeep.evidence.keys import SigningKey
from modelkeep.evidence.predicates import by_key, by_uri
from modelkeep.evidence.statement import (
    make_statement,
    parse_statement,
    seal,
    verify_envelope,
)
from modelkeep.evidence.store import Store
from modelkeep.evidence.trust_map import Place, TrustMap

if TYPE_CHECKING:
    from modelkeep.evidence.keep import Keep

KEY: Final = "clock-correction"
# Records of what was asked; they state no fact about a subject.
CORRECTABLE: Final = ("decision", "access-use")


def correct_clock(keep: Keep, *, reason: str, key: SigningKey) -> tuple[str, ...]:
    """Say that the entries ahead of the clock have a wrong time; returns their ids.

    Args:
        keep: whose log; its clock is right now.
        reason: what happened to the clock.
        key: of the person who says so; not the keep's own.

    Raises:
        UsageError: no reason, nothing is ahead, the keep's own key, or a signer who may not.
        EvidenceError: something else than a record of what was asked is ahead.
    """
    if not reason.strip():
        raise UsageError("a correction needs a reason", "Say it with --reason.")
    keyid, now = key.public.keyid, keep.clock()
    if keyid == keep.key.public.keyid or not keep.trust.allows(keyid, by_key(KEY).uri, now):
        raise UsageError(
            f"{keep.trust.name_of(keyid) or keyid[:12]} may not correct the clock of this keep",
            f"Let a person do it: modelkeep trust add NAME KEY.pub --predicate {KEY}",
        )
    ahead = keep.store.issued_after(timestamp(now))
    if not ahead:
        raise UsageError(
            f"no entry is ahead of the clock, which says {timestamp(now)}",
            "Set the clock right first, then correct what it left.",
        )
    for entry in ahead:
        row = by_uri(entry.predicate_type)
        if row is None or row.key not in CORRECTABLE:
            kind = row.key if row is not None else entry.predicate_type
            raise EvidenceError(
                f"entry {entry.seq} of {entry.issued} is a {kind}: setting it aside would hide "
                "what it says",
                "Wait until the clock has come there, or go on in a fresh keep.",
            )
    identities = tuple(entry.statement_id for entry in ahead)
    fields = {"facts": {}, "reason": reason, "wrong": list(identities)}
    about = Subject("key", "keep", Digest(keep.key.public.keyid, ""))
    made = make_statement(KEY, (about,), fields, clock=lambda: now)
    keep.file([seal(made.to_bytes(), key)])
    return identities


def read_corrections(store: Store, trust: TrustMap, own: str, origin: str) -> set[str]:
    """Ids of the entries whose time is known to be wrong.

    Args:
        store: whose entries.
        trust: who may correct the clock.
        own: id of the keep's own key, which may not.
        origin: the log the entries stand in.
    """
    uri, wrong = by_key(KEY).uri, set[str]()
    for entry in store.entries_of(uri):
        try:
            payload, keyid = verify_envelope(entry.body, trust.keys())
            made = parse_statement(payload)
        except EvidenceError:  # it corrects nothing, so the gate goes on denying
            continue
        place = Place(origin, entry.seq)
        counts = keyid != own and trust.allows(keyid, uri, made.issued, place)
        if counts and made.predicate_type == uri:
            wrong |= {str(identity) for identity in made.predicate["wrong"]}
    if not wrong:
        return wrong
    recorded = [entry for key in CORRECTABLE for entry in store.entries_of(by_key(key).uri)]
    return wrong & {entry.statement_id for entry in recorded}
