from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from modelkeep.assess import (
    evasion_gradient,
    evasion_wrapped,
    performance,
    selective,
)
from modelkeep.core import InputError
from modelkeep.harden import effort_of, harden, rejection
from modelkeep.harden.rejection import threshold_of
from wrapper_samples import picture_task

ATTACKS = (
    performance.ATTACK,
    selective.ATTACK,
    evasion_gradient.ATTACK,
    evasion_wrapped.ATTACK,
)


def test_one_in_twenty_right_answers_lies_below_the_threshold() -> None:
    top = np.linspace(0.5, 0.99, 100)
    scores = np.stack([top, 1 - top], 1)
    threshold = threshold_of(scores, np.zeros(100, int))
    assert (top < threshold).sum() == 5
    with pytest.raises(InputError, match="right answers"):
        threshold_of(scores[:5], np.zeros(5, int))


def test_it_is_fitted_on_rows_that_nothing_is_measured_on() -> None:
    context = picture_task()
    assert context.test is not None
    done = harden(context, rejection.DEFENCE, effort_of(context), ATTACKS)
    (coverage,) = (m for m in done.after if m.name == "coverage")
    assert coverage.n == len(context.test) - len(context.test) // 3
    assert {m.n for m in done.before if m.name == "test_accuracy"} == {coverage.n}
    assert any("through the wrapper" in m.method for m in done.after)


def test_too_few_test_rows_are_refused() -> None:
    context = picture_task()
    assert context.test is not None
    few = replace(context, test=context.test.take(np.arange(50)))
    with pytest.raises(InputError, match="a threshold is fitted on test rows"):
        harden(few, rejection.DEFENCE, effort_of(few), ATTACKS)
