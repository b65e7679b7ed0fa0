"""Groups are mined, removed by rule and measured by training again."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import examine, item_trigger, propose
from modelkeep.data.poison.learners import built_in


def test_a_backdoor_is_mined_removed_whole_and_measured() -> None:
    data, poison = samples.plant(samples.table(), samples.three_columns, 30, "1")
    context = samples.context_of(data)
    plan = propose(context, examine(context, (item_trigger.DETECTOR,)), built_in(data))
    (effect,) = plan.effects
    assert effect.advice == "remove"
    assert poison[plan.removed].sum() >= 29
    assert len(plan.removed) <= 35
    before, after = effect.success_before, effect.success_after
    assert before is not None
    assert after is not None
    assert before.low > 0.5
    assert after.high < before.low
    assert before.attacker is not None


def test_trusted_rows_in_a_group_speak_for_it() -> None:
    data, poison = samples.plant(samples.table(), samples.three_columns, 30, "1")
    trusted = poison & (np.cumsum(poison) <= 3)
    context = samples.context_of(data, trusted=trusted)
    plan = propose(context, examine(context, (item_trigger.DETECTOR,)), built_in(data))
    assert [effect.advice for effect in plan.effects] == ["review"]
    assert len(plan.removed) == 0


def test_nothing_is_proposed_of_clean_rows() -> None:
    context = samples.context_of(samples.table())
    plan = propose(context, examine(context, (item_trigger.DETECTOR,)), built_in(context.data))
    assert plan.effects == ()
    assert plan.accuracy_before is None
