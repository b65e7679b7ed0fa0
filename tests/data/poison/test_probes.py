"""Power is measured on the data at hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import item_trigger, probes
from modelkeep.models import Dataset


@pytest.mark.parametrize("make", [samples.table, samples.texts, samples.images])
def test_every_probe_plants_what_it_says_on_a_copy(make: Callable[[], Dataset]) -> None:
    data = make()
    rows, labels = data.rows.copy(), data.labels.copy()
    for probe in probes.PROBES[data.kind]:
        planted = probe.plant(data, np.random.default_rng(3))
        changed = planted.data.labels != data.labels
        if data.kind == "text":
            changed |= planted.data.rows != data.rows
        else:
            changed |= (planted.data.rows != data.rows).reshape(len(data), -1).any(axis=1)
        assert changed.any()
        assert set(np.flatnonzero(changed)) <= set(planted.rows)
    assert (data.rows == rows).all()
    assert (data.labels == labels).all()


def test_power_is_high_with_detectors_and_nothing_without() -> None:
    context = samples.context_of(samples.table())
    with_rules = probes.measure_power(context, (item_trigger.DETECTOR,))
    seen = {m.name: m for m in with_rules}
    assert seen["power_out_of_range_trigger"].value > 0.5
    assert seen["power_label_flips"].value == 0
    assert "would have been seen with TPR" in seen["power_label_flips"].note
    assert all(m.low <= m.value <= m.high for m in with_rules)
