"""Calibrated lists: false alarms as stated, without labels."""

from __future__ import annotations

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import BUILT_IN, Scores, examine, fusion


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
