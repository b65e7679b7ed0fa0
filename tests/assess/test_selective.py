from __future__ import annotations

from dataclasses import replace

from modelkeep.assess import assess_model, by_name, selective
from modelkeep.core import NotChecked
from modelkeep.models import from_bytes
from modelkeep.models.wrappers import Rejection, wrap
from wrapper_samples import picture_task


def test_coverage_falls_and_selective_accuracy_rises_with_the_threshold() -> None:
    task, seen = picture_task(), []
    assert task.test is not None
    for threshold in (0.5, 0.8, 0.95):
        inside = task.model.base(task.test.rows[:20])  # type: ignore[attr-defined]
        wrapped = replace(task, model=from_bytes(wrap([inside], Rejection(threshold))))
        assert selective.applies(wrapped) is None
        made = assess_model(wrapped, [selective.ATTACK]).all_measurements()
        coverage = by_name(made, "coverage")
        assert coverage is not None
        assert coverage.low <= coverage.value <= coverage.high
        seen.append(coverage.value)
    assert seen == sorted(seen, reverse=True)
    assert seen[0] > seen[-1]


def test_a_model_that_answers_nothing_has_no_selective_accuracy() -> None:
    task = picture_task()
    assert task.test is not None
    inside = task.model.base(task.test.rows[:20])  # type: ignore[attr-defined]
    silent = replace(task, model=from_bytes(wrap([inside], Rejection(0.9999999))))
    assert any(isinstance(each, NotChecked) for each in selective.run(silent))


def test_it_is_silent_about_models_that_answer_every_row() -> None:
    assert selective.applies(picture_task()) == "the model answers every row"
