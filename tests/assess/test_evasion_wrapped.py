from __future__ import annotations

from dataclasses import replace

import pytest

from modelkeep.assess import Context, assess_model, by_name, evasion_search, evasion_wrapped
from modelkeep.core import Measurement
from modelkeep.models import from_bytes
from modelkeep.models.wrappers import BitDepth, Ensemble, Rejection, Smoothing, Wrapper, wrap
from wrapper_samples import picture_task


def behind(wrapper: Wrapper, count: int = 1) -> Context:
    task = picture_task()
    assert task.test is not None
    inside = task.model.base(task.test.rows[:20])  # type: ignore[attr-defined]
    return replace(task, model=from_bytes(wrap([inside] * count, wrapper)))


def robust(context: Context, attack: object) -> Measurement:
    made = tuple(assess_model(context, [attack]).all_measurements())  # type: ignore[list-item]
    found = by_name(made, "robust_accuracy")
    assert found is not None
    return found


def test_rounding_that_stops_a_search_does_not_stop_an_attack_that_knows_of_it() -> None:
    task = behind(BitDepth(3, (0.0,), (1.0,)))
    assert evasion_wrapped.applies(task) is None
    through = robust(task, evasion_wrapped.ATTACK)
    assert through.value < robust(task, evasion_search.ATTACK).value
    assert through.attacker is not None
    assert through.attacker.knowledge == "white box"


def test_rejected_rows_mislead_nobody_and_clean_ones_count_as_lost() -> None:
    task = behind(Rejection(0.9))
    made = assess_model(task, [evasion_wrapped.ATTACK]).all_measurements()
    clean, attacked = by_name(made, "clean_accuracy"), by_name(made, "robust_accuracy")
    assert clean is not None
    assert attacked is not None
    assert task.test is not None
    data = task.sample(task.test)
    right = task.answers(data.rows) == task.truth(data)
    assert clean.value == pytest.approx(right.mean())
    assert attacked.value <= clean.value


def test_noise_is_averaged_over_and_the_attack_repeats_itself() -> None:
    first, second = (
        robust(behind(Smoothing(0.2, 16, 0.05)), evasion_wrapped.ATTACK) for _ in range(2)
    )
    assert first == second


def test_it_is_silent_where_gradients_lead_through_or_nothing_stands_around() -> None:
    assert "gradient attack goes through it" in str(
        evasion_wrapped.applies(behind(Ensemble(2), 2))
    )
    assert evasion_wrapped.applies(picture_task()) == "no wrapper stands around the model"
    assert "no test data" in str(evasion_wrapped.applies(replace(picture_task(), test=None)))
