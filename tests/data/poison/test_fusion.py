"""Calibrated lists: false alarms as stated, without labels."""

from __future__ import annotations

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import BUILT_IN, Group, Scores, examine, fusion


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2])
def test_clean_rows_are_flagged_at_the_rate_that_was_set(rate: float) -> None:
    found = examine(samples.context_of(samples.table()), BUILT_IN, rate=rate)
    for one in found.lists:
        assert one.flagged.mean() <= rate + 0.03, one.family
    assert {item.what.split()[0] for item in found.not_checked} == {
        "POI105",
        "POI401",
        "POI501",
    }


def test_one_detector_that_sees_nothing_does_not_drown_one_that_does() -> None:
    context = samples.context_of(samples.table())
    poison = np.arange(len(context)) < 30
    rng = np.random.default_rng(0)
    seen = Scores(rng.normal(size=len(context)) + 8 * poison, "")
    blind = [Scores(rng.normal(size=len(context)), "") for _ in range(4)]
    scores = {str(n): one for n, one in enumerate([seen, *blind])}
    one = fusion.fuse(context, "label", scores, 0.05)
    assert samples.caught(Scores(one.values, ""), poison) > 0.95


def test_groups_that_are_all_wrong_add_no_more_than_the_stated_rate_again() -> None:
    context = samples.context_of(samples.table())
    rng = np.random.default_rng(0)
    wrong = tuple(Group(np.arange(n, n + 200), "1", "", None, 400.0) for n in (0, 200))
    scores = {"a": Scores(rng.normal(size=len(context)), "", wrong)}
    one = fusion.fuse(context, "trigger", scores, 0.05)
    assert one.flagged.mean() <= 0.12


def test_a_tie_at_the_threshold_does_not_empty_the_list() -> None:
    context = samples.context_of(samples.table())
    values = np.zeros(len(context))
    values[:52] = 1
    one = fusion.fuse(context, "label", {"a": Scores(values, "")}, 0.05)
    assert one.flagged.sum() == 52
    values[:400] = 1
    many = fusion.fuse(context, "label", {"a": Scores(values, "")}, 0.05)
    assert not many.flagged.any()
