"""From statements to facts: only what is signed, trusted for its kind, and not expired."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from modelkeep.core import EvidenceError
from modelkeep.evidence.predicates import FactValue, by_uri
from modelkeep.evidence.statement import (
    Statement,
    UnknownSignerError,
    parse_statement,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.trust_map import TrustMap


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be believed about a subject at a moment.

    Attributes:
        values: fact by name; what is not here is not known.
        used: ids of the statements they come from, in log order.
        broken: statements that do not hold, each a sentence.
        ignored: statements that hold and do not count, each a sentence.
        oldest_days: age of the oldest statement used, whole days rounded up.
    """

    values: dict[str, FactValue] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    oldest_days: int = 0


def gather_facts(
    envelopes: Iterable[bytes], subject: str, trust: TrustMap, now: dt.datetime
) -> Facts:
    """Read facts about a subject; the newest per predicate type counts.

    Newest by time of issue: an old statement logged again changes nothing.

    Args:
        envelopes: DSSE envelopes in log order.
        subject: sha256 of the subject, hex.
        trust: which signer may assert which predicate.
        now: the moment at which they must be in force.
    """
    now = now.replace(microsecond=0)  # as statements state it: others get the same ages
    newest: dict[str, tuple[str, Statement]] = {}
    broken: list[str] = []
    ignored: list[str] = []
    keys = trust.keys()
    for body in envelopes:
        short = statement_id(body)[:12]
        try:
            payload, keyid = verify_envelope(body, keys)
            statement = parse_statement(payload)
            reason = _reason_to_ignore(statement, keyid, subject, trust, now)
            statement.facts()
        except UnknownSignerError as error:  # anybody could have written it: no evidence
            ignored.append(f"{short}: {error.message}")
            continue
        except EvidenceError as error:
            broken.append(f"{short}: {error.message}")
            continue
        if reason:
            ignored.append(f"{short}: {reason}")
        else:
            before = newest.pop(statement.predicate_type, None)
            late = before is not None and before[1].issued > statement.issued
            kept = before if late and before else (statement_id(body), statement)
            newest[statement.predicate_type] = kept
    values: dict[str, FactValue] = {}
    for _, statement in newest.values():
        values |= statement.facts()
    ages = [now - statement.issued for _, statement in newest.values() if statement.facts()]
    oldest = max(ages, default=dt.timedelta())
    return Facts(
        values,
        tuple(identity for identity, statement in newest.values() if statement.facts()),
        tuple(broken),
        tuple(ignored),
        -(-max(oldest, dt.timedelta()) // dt.timedelta(days=1)),
    )


def _reason_to_ignore(
    statement: Statement, keyid: str, subject: str, trust: TrustMap, now: dt.datetime
) -> str:
    row = by_uri(statement.predicate_type)
    name = row.key if row is not None else statement.predicate_type
    if statement.subjects[0].digest.sha256 != subject:
        return f"{name} statement is about {statement.subjects[0].digest}"
    if not trust.allows(keyid, statement.predicate_type):
        return f"signer {keyid[:12]} may not assert {name}"
    if not statement.issued <= now:
        return f"{name} statement is issued in the future ({statement.predicate['issued']})"
    if now >= statement.expires:
        return f"{name} statement expired {statement.predicate['expires']}"
    return ""
