"""A clock that was ahead: a person corrects the time of decisions, and of nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_samples import DAY, NOON, new_keep, statement
from modelkeep.core import EvidenceError, UsageError
from modelkeep.evidence import Keep, SigningKey, audit_log, correct_clock, make_statement, seal
from modelkeep.evidence.clock_correction import read_corrections

ANN = SigningKey.generate()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    """A keep with a scan of now and a decision of ten days from now."""
    with new_keep(tmp_path) as opened:
        opened.change_trust(
            lambda known: known.with_signer("ann", ANN.public, ("clock-correction",))
        )
        opened.record([statement("scan"), statement("decision", issued=NOON + 10 * DAY)])
        yield opened


def test_decision_ahead_of_the_clock_is_set_aside_by_a_person(keep: Keep) -> None:
    assert "evidence correct-clock --help" in keep.clock_problem()
    (wrong,) = correct_clock(keep, reason="the battery was empty", key=ANN)
    assert wrong == keep.store.entries()[1].statement_id
    assert keep.clock_problem() == ""
    assert audit_log(keep) == []
    keep.clock = lambda: NOON + 11 * DAY
    with pytest.raises(UsageError, match="no entry is ahead"):
        correct_clock(keep, reason="again", key=ANN)


def test_clock_set_back_further_still_denies(keep: Keep) -> None:
    correct_clock(keep, reason="the battery was empty", key=ANN)
    keep.clock = lambda: NOON - DAY
    assert "newest entry is of 2026-11-22T12:00:00Z" in keep.clock_problem()
    with pytest.raises(EvidenceError, match="is a scan: setting it aside would hide"):
        correct_clock(keep, reason="to let it pass", key=ANN)


@pytest.mark.parametrize("kind", ["scan", "stage", "hold", "revocation"])
def test_what_states_a_fact_is_never_set_aside(keep: Keep, kind: str) -> None:
    keep.record([statement(kind, issued=NOON + DAY)])
    with pytest.raises(EvidenceError, match=f"entry 2 .* is a {kind}") as refused:
        correct_clock(keep, reason="the battery was empty", key=ANN)
    assert "Wait until the clock" in refused.value.hint
    assert keep.store.size() == 3
    named = {
        "facts": {},
        "reason": "x",
        "wrong": [e.statement_id for e in keep.store.entries()],
    }
    made = make_statement("clock-correction", statement().subjects, named, clock=keep.clock)
    keep.file([seal(made.to_bytes(), ANN)])  # as a tool that asks nothing would write it
    assert "newest entry is of" in keep.clock_problem()


def test_own_key_and_who_was_not_let_correct_nothing(keep: Keep) -> None:
    stranger = SigningKey.generate()
    for key in (keep.key, stranger):
        with pytest.raises(UsageError, match="may not correct the clock") as refused:
            correct_clock(keep, reason="the battery was empty", key=key)
        assert "--predicate clock-correction" in refused.value.hint
    with pytest.raises(UsageError, match="needs a reason"):
        correct_clock(keep, reason=" ", key=ANN)
    named = {"facts": {}, "reason": "x", "wrong": [keep.store.entries()[1].statement_id]}
    made = make_statement("clock-correction", statement().subjects, named, clock=keep.clock)
    keep.record([made])
    own = keep.key.public.keyid
    assert read_corrections(keep.store, keep.trust, own, keep.origin) == set()
    assert keep.clock_problem()
