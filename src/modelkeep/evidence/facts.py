"""From statements to facts: only what is signed, trusted for its kind, and not expired."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from modelkeep.core import EvidenceError
from modelkeep.evidence.predicate import FactValue
from modelkeep.evidence.predicates import by_uri
from modelkeep.evidence.statement import (
    Statement,
    UnknownSignerError,
    parse_statement,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.trust_map import Place, TrustMap

_EPOCH: Final = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(frozen=True, slots=True)
class Facts:
    """What may be believed about a subject at a moment.

    Attributes:
        values: fact by name; what is not here is not known.
        used: ids of the statements they come from, in log order.
        broken: statements that do not hold, each a sentence.
        ignored: statements that hold and do not count, each a sentence.
        oldest_days: age of the oldest statement used, whole days rounded up.
        counted: ids of the statements that count, those without a fact among them.
    """

    values: dict[str, FactValue] = field(default_factory=dict)
    used: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    oldest_days: int = 0
    counted: tuple[str, ...] = ()


def gather_facts(
    envelopes: Iterable[bytes],
    subject: str,
    trust: TrustMap,
    now: dt.datetime,
    places: Iterable[Place] = (),
) -> Facts:
    """Read facts about a subject; the newest per predicate type counts.

    Newest by time of issue: an old statement logged again changes nothing.

    Args:
        envelopes: DSSE envelopes in log order.
        subject: sha256 of the subject, hex.
        trust: which signer may assert which predicate.
        now: the moment at which they must be in force.
        places: where each envelope stands in its log; tells what a key signed before it
            ended from what is only dated so.
    """
    now = now.replace(microsecond=0)  # as statements state it: others get the same ages
    newest: dict[str, tuple[str, Statement]] = {}
    broken: list[str] = []
    ignored: list[str] = []
    keys = trust.keys()
    for body, place in zip_longest(envelopes, places):
        short = statement_id(body)[:12]
        try:
            payload, keyid = verify_envelope(body, keys)
            statement = parse_statement(payload)
            reason = _about_another(statement, subject) or _reason_to_ignore(
                statement, keyid, trust, now, place
            )
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
        tuple(identity for identity, _ in newest.values()),
    )


def _name(statement: Statement) -> str:
    row = by_uri(statement.predicate_type)
    return row.key if row is not None else statement.predicate_type


def _about_another(statement: Statement, subject: str) -> str:
    found = statement.subjects[0].digest
    return "" if found.sha256 == subject else f"{_name(statement)} statement is about {found}"


def _reason_to_ignore(
    statement: Statement, keyid: str, trust: TrustMap, now: dt.datetime, place: Place | None
) -> str:
    name = _name(statement)
    if not trust.allows(keyid, statement.predicate_type, _EPOCH):
        return f"signer {keyid[:12]} may not assert {name}"
    if not trust.allows(keyid, statement.predicate_type, statement.issued, place):
        return f"signer {keyid[:12]} no longer counted when it signed the {name} statement"
    if not statement.issued <= now:
        return f"{name} statement is issued in the future ({statement.predicate['issued']})"
    if now >= statement.expires:
        return f"{name} statement expired {statement.predicate['expires']}"
    return ""
