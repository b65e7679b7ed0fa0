"""From statements to facts: unsigned, untrusted, expired or off the subject is not known."""

from __future__ import annotations

import json

import pytest

from evidence_samples import DAY, NOON, model, statement
from modelkeep.evidence import (
    Facts,
    SigningKey,
    Statement,
    TrustMap,
    encode,
    gather_facts,
    seal,
    statement_id,
)

CI, TRAINER, STRANGER = (SigningKey.generate() for _ in range(3))
TRUST = (
    TrustMap()
    .with_signer("ci", CI.public, ("scan", "bom", "decision"))
    .with_signer("trainer", TRAINER.public, ("performance",))
)
SUBJECT = model().digest.sha256


def gathered(*envelopes: bytes, days: float = 1) -> Facts:
    return gather_facts(envelopes, SUBJECT, TRUST, NOON + days * DAY)


def by_ci(made: Statement) -> bytes:
    return seal(made.to_bytes(), CI)


def edited(**predicate: object) -> bytes:
    """A scan by CI whose predicate was not made by our own hand."""
    data = json.loads(statement().to_bytes())
    data["predicate"] |= predicate
    return seal(encode(data), CI)


def test_facts_of_every_trusted_statement_are_known() -> None:
    scan = by_ci(statement(scan_critical=0, scan_high=2))
    performance = seal(statement("performance").to_bytes(), TRAINER)
    facts = gathered(scan, performance)
    assert facts.values == {
        "scan_critical": 0,
        "scan_high": 2,
        "test_accuracy_ppm": 910_000,
        "test_rows": 500,
    }
    assert facts.used == (statement_id(scan), statement_id(performance))
    assert facts.broken == facts.ignored == ()


def test_nothing_is_known_from_nothing() -> None:
    assert gathered() == Facts()


def test_expired_statement_is_ignored_from_its_last_second_on() -> None:
    scan = by_ci(statement())
    assert gathered(scan, days=30 - 1 / 86_400).values == {"scan_critical": 0}
    facts = gathered(scan, days=30)
    assert facts.values == {}
    assert facts.ignored == (
        f"{statement_id(scan)[:12]}: scan statement expired 2026-12-22T12:00:00Z",
    )


def test_statement_from_the_future_is_ignored() -> None:
    facts = gathered(by_ci(statement(issued=NOON + DAY)), days=0.5)
    assert facts.values == {}
    assert "issued in the future (2026-11-23T12:00:00Z)" in facts.ignored[0]


def test_statement_about_another_subject_is_ignored() -> None:
    other = model("other.onnx")
    facts = gathered(by_ci(statement(subject=other)))
    assert facts.values == {}
    assert f"scan statement is about sha256:{other.digest.sha256}" in facts.ignored[0]


def test_signer_without_the_grant_is_ignored_by_name() -> None:
    facts = gathered(seal(statement().to_bytes(), TRAINER))
    assert facts.values == {}
    assert f"signer {TRAINER.public.keyid[:12]} may not assert scan" in facts.ignored[0]


def test_statement_by_a_stranger_is_ignored_by_name() -> None:
    facts = gathered(seal(statement().to_bytes(), STRANGER))
    assert facts.values == {}
    assert facts.broken == ()
    assert f"signed by {STRANGER.public.keyid[:12]}" in facts.ignored[0]


def test_forged_statement_is_broken_and_hides_nothing() -> None:
    good = by_ci(statement(scan_critical=1))
    forged = json.loads(seal(statement(scan_critical=0).to_bytes(), STRANGER))
    forged["signatures"][0]["keyid"] = CI.public.keyid
    facts = gathered(good, encode(forged), b"garbage")
    assert facts.values == {"scan_critical": 1}
    assert len(facts.broken) == 2


def test_newest_statement_of_a_kind_replaces_the_older_whole() -> None:
    old = by_ci(statement(scan_critical=0, scan_high=0))
    new = by_ci(statement(issued=NOON + DAY / 2, scan_critical=1))
    facts = gathered(old, new)
    assert facts.values == {"scan_critical": 1}  # the old scan_high is not mixed in
    assert facts.used == (statement_id(new),)


def test_older_statement_logged_again_does_not_replace_a_newer_one() -> None:
    clean = by_ci(statement(scan_critical=0))
    infected = by_ci(statement(issued=NOON + DAY / 2, scan_critical=1))
    assert gathered(clean, infected, clean).values == {"scan_critical": 1}


def test_of_two_statements_in_one_second_the_later_logged_counts() -> None:
    first, second = (by_ci(statement(scan_critical=number)) for number in (0, 1))
    assert gathered(first, second).values == {"scan_critical": 1}
    assert gathered(second, first).values == {"scan_critical": 0}


def test_statement_that_does_not_count_hides_no_older_one() -> None:
    old = by_ci(statement(scan_critical=1))
    unauthorised = seal(statement(issued=NOON + DAY / 2, scan_critical=0).to_bytes(), TRAINER)
    assert gathered(old, unauthorised).values == {"scan_critical": 1}


@pytest.mark.parametrize(
    "claimed", [{"scan_critical": False}, {"scan_critical": 0.5}, {"test_rows": 1}, {"x": 0}]
)
def test_fact_of_another_type_or_kind_breaks_the_whole_statement(
    claimed: dict[str, object],
) -> None:
    facts = gathered(edited(facts={"scan_high": 0} | claimed))
    assert facts.values == {}
    assert "scan statement may not assert" in facts.broken[0]


@pytest.mark.parametrize("value", [None, 5, "", "tomorrow"])
@pytest.mark.parametrize("field", ["issued", "expires"])
def test_statement_without_readable_times_is_broken(field: str, value: object) -> None:
    facts = gathered(edited(**{field: value}))
    assert facts.values == {}
    assert "not a UTC time" in facts.broken[0]


def test_facts_that_are_no_object_are_not_facts() -> None:
    assert gathered(edited(facts=[["scan_critical", 0]])).values == {}


def test_used_statements_stand_in_log_order() -> None:
    first = by_ci(statement())
    bom = by_ci(statement("bom"))
    again = by_ci(statement(issued=NOON + DAY / 2, scan_critical=2))
    assert gathered(first, bom, again).used == (statement_id(bom), statement_id(again))


@pytest.mark.parametrize(("days", "shown"), [(0, 0), (0.001, 1), (1, 1), (1.5, 2), (29, 29)])
def test_age_is_of_the_oldest_statement_in_days_rounded_up(days: float, shown: int) -> None:
    newer = by_ci(statement("bom", issued=NOON + days * DAY))
    assert gathered(by_ci(statement()), newer, days=days).oldest_days == shown


def test_statement_without_facts_makes_the_evidence_no_older() -> None:
    decision = by_ci(statement("decision"))
    facts = gathered(decision, by_ci(statement(issued=NOON + 3 * DAY)), days=3)
    assert facts.oldest_days == 0
    assert statement_id(decision) not in facts.used
