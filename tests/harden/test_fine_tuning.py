"""Fine-tuning: the best grade is kept, and few rows are seen often enough."""

from __future__ import annotations

import pytest
import torch

from harden_samples import task
from modelkeep.core import InputError
from modelkeep.harden import Effort
from modelkeep.harden.fine_tuning import Labelled, Lesson, fine_tune, lesson
from modelkeep.models.torch_module import TorchModel


def given() -> Lesson:
    context = task()
    assert isinstance(context.model, TorchModel)
    return lesson(context, context.model.module)


def entropy(found: Lesson, batch: Labelled) -> torch.Tensor:
    return torch.nn.functional.cross_entropy(found.module(batch.rows), batch.truth)


def test_held_out_rows_are_not_trained_on() -> None:
    found = given()
    assert len(found.held.rows) + len(found.fitted.rows) == 400
    held = {row.numpy().tobytes() for row in found.held.rows}
    assert not held & {row.numpy().tobytes() for row in found.fitted.rows}


def test_the_epoch_with_the_best_grade_is_kept() -> None:
    found = given()
    grades = iter([(0.5,), (0.9,), *[(0.1,)] * 98])
    kept: list[torch.Tensor] = []

    def grade() -> tuple[float, ...]:
        kept.append(next(found.module.parameters()).detach().clone())
        return next(grades)

    assert fine_tune(found, Effort(3), lambda batch: entropy(found, batch), grade) == (0.9,)
    assert torch.equal(next(found.module.parameters()), kept[1])
    assert len(kept) == 20  # three batches an epoch: more epochs, bounded


def test_a_loss_that_is_no_number_is_an_error() -> None:
    found = given()
    with pytest.raises(InputError, match="diverged"):
        fine_tune(
            found,
            Effort(1),
            lambda batch: entropy(found, batch) * float("nan"),
            lambda: (0.0,),
        )
