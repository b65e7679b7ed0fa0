"""Defensive distillation: a student learns the softened answers of a teacher.

The teacher is trained further with its logits divided by a temperature, the student from
the same start on the teacher's softened probabilities; the student then answers without
the temperature. Its logits are many times larger, which flattens the cross-entropy whose
gradient simple attacks follow. That hides the way and does not close it, so this is here
to be measured, not to be relied on.

Sources: Papernot et al., IEEE S&P 2016 (the method); Carlini and Wagner, IEEE S&P 2017
(a loss on the logit margin breaks it).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.fine_tuning import Grade, Labelled, fine_tune, lesson
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.trigger_unlearning import why_not_repairable
from modelkeep.models import Model, Trainable, need

if TYPE_CHECKING:
    import torch

_TEMPERATURE: Final = 20.0
_CAUTION: Final = (
    "distillation hides gradients from cross-entropy; attacks on the logit margin, which "
    "measured this, go past it (Carlini and Wagner 2017): not a defence to rely on"
)


def run(context: Context, effort: Effort) -> Model:
    """The student.

    Raises:
        InputError: the model is not trainable, or training diverged.
    """
    entropy = need("torch.nn.functional", "distillation").cross_entropy
    if not isinstance(context.model, Trainable):
        raise InputError("the model's weights cannot be trained further")
    teacher, student = (lesson(context, context.model.module) for _ in range(2))

    def softened(module: torch.nn.Module, rows: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = module(rows) / _TEMPERATURE
        return logits

    def taught(batch: Labelled) -> torch.Tensor:
        loss: torch.Tensor = entropy(softened(teacher.module, batch.rows), batch.truth)
        return loss

    def copied(batch: Labelled) -> torch.Tensor:
        shares = softened(teacher.module, batch.rows).softmax(1)
        loss: torch.Tensor = entropy(softened(student.module, batch.rows), shares)
        return loss

    context.progress(0.1, "training the teacher")
    fine_tune(teacher, effort, taught, _last)
    context.progress(0.5, "training the student")
    fine_tune(student, effort, copied, _last)
    return context.model.with_module(student.module)


def _last() -> Grade:
    """All epochs are as good, so the last is kept: logits grow over the whole training."""
    return (0.0,)


DEFENCE: Final = Defence("HRD004", "distillation", "evasion", why_not_repairable, run, _CAUTION)
