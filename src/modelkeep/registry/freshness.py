"""How much of its life the evidence about a subject has behind it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from modelkeep.core import EvidenceError
from modelkeep.evidence import (
    Keep,
    Place,
    by_uri,
    parse_statement,
    timestamp,
    verify_envelope,
)

WARN: Final = 0.8  # share of its life after which evidence should be renewed


@dataclass(frozen=True, slots=True)
class Ageing:
    """Evidence that is about to stop counting, or has.

    Attributes:
        predicate: short name of its type.
        share: part of its life that is over; 1 or more when it expired.
        expires: from when on it does not count.
    """

    predicate: str
    share: float
    expires: dt.datetime

    def sentence(self) -> str:
        """For people."""
        if self.share >= 1:
            return f"{self.predicate}: expired {timestamp(self.expires)}"
        return (
            f"{self.predicate}: {self.share:.0%} of its life is over, "
            f"expires {timestamp(self.expires)}"
        )


def ageing(keep: Keep, subject: str, now: dt.datetime) -> tuple[Ageing, ...]:
    """The newest statement of each type with facts whose life is 80 % over, or more.

    Args:
        keep: whose log and trust map.
        subject: sha256 of the subject, hex.
        now: the moment asked about.
    """
    newest: dict[str, tuple[dt.datetime, dt.datetime]] = {}
    for entry in keep.store.entries(subject):
        row = by_uri(entry.predicate_type)
        if row is None or not row.facts:
            continue
        try:
            payload, keyid = verify_envelope(entry.body, keep.trust.keys())
            found = parse_statement(payload)
            place = Place(keep.origin, entry.seq)
            counts = keep.trust.allows(keyid, found.predicate_type, found.issued, place)
            life = (found.issued, found.expires)
        except EvidenceError:  # counted as broken where facts are gathered
            continue
        if counts and found.issued <= now and life >= newest.get(row.key, life):
            newest[row.key] = life
    return tuple(
        Ageing(key, share, expires)
        for key, (issued, expires) in sorted(newest.items())
        if (share := (now - issued) / max(expires - issued, dt.timedelta(seconds=1))) >= WARN
    )
