"""A bad prediction leads to the group that was planted for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.core import InputError
from modelkeep.data.influence import trace_prediction
from modelkeep.models import Dataset


@pytest.mark.parametrize(
    ("make", "stamp", "target"),
    [
        (samples.table, samples.three_columns, "1"),
        (samples.texts, samples.word, "1"),
        (samples.images, samples.patch, "3"),
    ],
)
def test_the_planted_group_stands_behind_what_its_trigger_does(
    make: Callable[[], Dataset], stamp: samples.Stamp, target: str
) -> None:
    data, poison = samples.plant(make(), stamp, 25, target)
    victim = data.rows[np.flatnonzero(~poison & (data.labels != target))[:1]].copy()
    plain = trace_prediction(data, victim[0], predicted=target, most=10)
    stamp(victim)
    found = trace_prediction(data, victim[0], predicted=target, most=10)
    assert poison[found.rows].mean() >= 0.5
    assert poison[found.rows].mean() > poison[plain.rows].mean()
    assert (np.diff(found.shares) <= 0).all()
    assert 0 < found.shares.sum() <= 1 + 1e-6
    assert set(data.labels[found.rows]) == {target}


def test_what_cannot_be_traced_is_refused() -> None:
    data = samples.table(100)
    with pytest.raises(InputError, match="shape"):
        trace_prediction(data, np.zeros(3))
    with pytest.raises(InputError, match="no row is labelled 'x'"):
        trace_prediction(data, data.rows[0], predicted="x")
