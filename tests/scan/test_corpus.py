"""The development corpus: every sample has its verdict, mutants and left-out families too."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus import benign, build
from corpus.left_out import left_out, without
from corpus.measure import CRASH, SECONDS, Outcome, measure
from corpus.mutations import mutants
from corpus.sample import FAIL, PASS, Sample

MALICIOUS = build.samples()
BENIGN = benign.samples()
EVERY = [*MALICIOUS.values(), *BENIGN.values()]
GROUPS = sorted({sample.group for sample in EVERY})
MUTANTS = 50


def of_group(group: str) -> list[Sample]:
    return [sample for sample in EVERY if sample.group == group]


def said(outcomes: list[Outcome]) -> list[str]:
    return [f"{o.sample.id}: {o.verdict} in {o.seconds:.1f} s: {o.why[:150]}" for o in outcomes]


def test_the_corpus_is_as_large_as_it_has_to_be() -> None:
    assert sum(sample.verdict == FAIL for sample in MALICIOUS.values()) >= 400
    assert sum(sample.verdict == PASS for sample in BENIGN.values()) >= 300


def test_the_same_samples_are_made_on_every_run() -> None:
    again = build.samples()
    assert {name: s.content for name, s in again.items()} == {
        name: s.content for name, s in MALICIOUS.items()
    }


@pytest.mark.parametrize("group", GROUPS)
def test_mutants_differ_from_their_sample_and_are_the_same_ones_every_time(group: str) -> None:
    for sample in of_group(group)[:3]:
        made = [(m.file, m.content) for m in mutants(sample, 5)]
        assert made == [(m.file, m.content) for m in mutants(sample, 5)]
        assert (sample.file, sample.content) not in made


@pytest.mark.parametrize("group", GROUPS)
def test_every_sample_has_its_verdict(group: str, tmp_path: Path) -> None:
    outcomes = measure(of_group(group), tmp_path)
    assert said([outcome for outcome in outcomes if not outcome.right]) == []


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_mutants_are_found_like_their_samples(group: str, tmp_path: Path) -> None:
    made = (m for sample in of_group(group) for m in mutants(sample, MUTANTS))
    outcomes = list(measure(made, tmp_path))
    missed = [outcome for outcome in outcomes if outcome.verdict != FAIL]
    assert said([o for o in outcomes if o.verdict == CRASH or o.seconds > SECONDS]) == []
    assert len(missed) <= 0.005 * len(outcomes), said(missed)


@pytest.mark.slow
def test_each_family_is_found_without_the_names_that_only_it_has(tmp_path: Path) -> None:
    outcomes: list[Outcome] = []
    for number, (_, own, removed) in enumerate(left_out(MALICIOUS.values())):
        with without(removed):
            outcomes += measure(own, tmp_path / str(number))
    missed = [outcome for outcome in outcomes if outcome.verdict != FAIL]
    assert len(missed) <= 0.005 * len(outcomes), said(missed)
