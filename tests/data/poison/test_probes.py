"""Power is measured on the data at hand."""

from __future__ import annotations

import poison_samples as samples
from modelkeep.data.poison import item_trigger, probes


def test_power_is_high_with_detectors_and_nothing_without() -> None:
    context = samples.context_of(samples.table())
    with_rules = probes.measure_power(context, (item_trigger.DETECTOR,))
    seen = {m.name: m for m in with_rules}
    assert seen["power_out_of_range_trigger"].value > 0.5
    assert seen["power_label_flips"].value == 0
    assert "would have been seen with TPR" in seen["power_label_flips"].note
    assert all(m.low <= m.value <= m.high for m in with_rules)
