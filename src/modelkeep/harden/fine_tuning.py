"""Train a model's own weights further: the loop that repairs share.

One tenth of the rows is held out. After every epoch the weights are graded on them, and
those with the best grade are kept, whichever epoch they come from.

Source: Rice et al., ICML 2020 (keep the best epoch, not the last).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.interface import Effort, training_rows
from modelkeep.models import need

if TYPE_CHECKING:
    import torch

_HELD_OUT: Final = 0.1
_MOST_HELD_OUT: Final = 512
LEAST: Final = 20  # rows below which nothing can be trained or graded
_LEAST_STEPS: Final = 200  # of a whole training, however few rows there are
_MOST_EPOCHS: Final = 20  # that this adds up to
_DECAY: Final = 5e-4
_GRADIENT: Final = 5.0  # greatest norm of a step's gradient
Grade = tuple[float, ...]  # compared in order, higher is better


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows ``(n, ...)`` float32 and their classes ``(n,)``."""

    rows: torch.Tensor
    truth: torch.Tensor

    def take(self, chosen: torch.Tensor) -> Labelled:
        """Some of them, in that order."""
        return Labelled(self.rows[chosen], self.truth[chosen])


@dataclass(frozen=True, slots=True)
class Lesson:
    """What to train, on what.

    Attributes:
        module: changed in place.
        fitted: rows to train on.
        held: rows to grade on.
        generator: of every random choice.
    """

    module: torch.nn.Module
    fitted: Labelled
    held: Labelled
    generator: torch.Generator


def lesson(context: Context, module: torch.nn.Module) -> Lesson:
    """A copy of the module and the training rows, split.

    Raises:
        InputError: there are no training rows, or labels do not fit.
        MissingExtraError: torch is not installed.
    """
    torch = need("torch", "fine-tuning")
    data = training_rows(context)
    rows = torch.from_numpy(np.ascontiguousarray(data.rows, np.float32))
    all_rows = Labelled(rows, torch.from_numpy(context.truth(data)).long())
    generator = torch.Generator().manual_seed(context.seed)
    order = torch.randperm(len(rows), generator=generator)
    apart = min(_MOST_HELD_OUT, max(LEAST // 2, int(_HELD_OUT * len(rows))))
    return Lesson(
        copy.deepcopy(module).requires_grad_(True),
        all_rows.take(order[apart:]),
        all_rows.take(order[:apart]),
        generator,
    )


def epochs_of(given: Lesson, effort: Effort) -> int:
    """Epochs of a training: more than asked for if rows are few."""
    batches = math.ceil(len(given.fitted.rows) / effort.batch)
    return max(effort.epochs, min(_MOST_EPOCHS, math.ceil(_LEAST_STEPS / batches)))


def fine_tune(
    given: Lesson,
    effort: Effort,
    loss: Callable[[Labelled], torch.Tensor],
    grade: Callable[[], Grade],
    *,
    before_epoch: Callable[[int], None] = lambda _epoch: None,
    after_step: Callable[[], None] = lambda: None,
) -> Grade:
    """Train for all epochs, more if rows are few; the module ends with its best weights.

    Args:
        given: module and rows.
        effort: epochs, batch, rate.
        loss: of a batch, a number to lower.
        grade: of the module as it is, in evaluation mode, after every epoch.
        before_epoch: called with its number, in evaluation mode.
        after_step: called after every step, as to keep weights at zero.

    Returns:
        The best grade.

    Raises:
        InputError: the loss is not a number.
    """
    torch = need("torch", "fine-tuning")
    module, count = given.module, len(given.fitted.rows)
    optimizer = torch.optim.Adam(module.parameters(), lr=effort.rate, weight_decay=_DECAY)
    batches, epochs = math.ceil(count / effort.batch), epochs_of(given, effort)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, effort.rate, total_steps=epochs * batches
    )
    best: Grade = (-math.inf,)
    kept = copy.deepcopy(module.state_dict())
    for epoch in range(epochs):
        module.eval()
        before_epoch(epoch)
        module.train()
        order = torch.randperm(count, generator=given.generator)
        for chosen in order.split(effort.batch):
            optimizer.zero_grad()
            _finite(loss(given.fitted.take(chosen))).backward()
            torch.nn.utils.clip_grad_norm_(module.parameters(), _GRADIENT)
            optimizer.step()
            schedule.step()
            after_step()
        module.eval()
        found = grade()
        if found >= best:
            best, kept = found, copy.deepcopy(module.state_dict())
    module.load_state_dict(kept)
    module.requires_grad_(False)
    return best


def _finite(loss: torch.Tensor) -> torch.Tensor:
    if not loss.isfinite():
        raise InputError(
            "training diverged: the loss is not a number", "Scale the inputs of the model."
        )
    return loss


def accuracy(module: torch.nn.Module, given: Labelled) -> float:
    """Share of rows answered rightly."""
    torch = need("torch", "fine-tuning")
    with torch.no_grad():
        return float((module(given.rows).argmax(1) == given.truth).float().mean())
