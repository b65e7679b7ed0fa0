from __future__ import annotations

import pytest

from modelkeep.core import InputError
from modelkeep.harden.private import PrivacyTarget, plan_training


def test_a_plan_keeps_to_its_target() -> None:
    plan = plan_training(2000, 5, PrivacyTarget(2.0, 1e-5))
    assert plan.spent.epsilon <= 2.0
    assert plan.batch == 100
    assert plan.mechanism.steps == 400


def test_few_rows_take_part_all_at_once() -> None:
    assert plan_training(40, 2, PrivacyTarget(2.0, 1e-4)).mechanism.rate == 1.0


def test_a_delta_that_publishes_a_row_is_refused() -> None:
    with pytest.raises(InputError, match="published outright") as caught:
        plan_training(1000, 5, PrivacyTarget(2.0, 1e-3))
    assert "--delta" in caught.value.hint


def test_without_a_ledger_nothing_is_charged() -> None:
    target = PrivacyTarget()
    with pytest.raises(InputError, match="needs a ledger"):
        target.charge(plan_training(1000, 5, target))
