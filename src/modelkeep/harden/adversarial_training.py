"""Train on what an attacker would send: the loop that all its variants share.

The model's own weights are the start. One tenth of the training rows is held out: after
every epoch an attack of ten steps says how robust the model is on them, and the best
epoch is kept. Training on single steps can break down at once (*catastrophic
overfitting*: the single step finds nothing any more, several steps find everything); when
the held-out rows show that, the best epoch is restored and training goes on with two
steps instead of one.

Sources: Madry et al., ICLR 2018; Wong et al., ICLR 2020 (the breakdown); Rice et al.,
ICML 2020 (keep the best epoch, not the last).
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
from modelkeep.harden.crafting import climb, evaluating, misclassified
from modelkeep.harden.interface import Effort, training_rows
from modelkeep.harden.neighbourhood import Neighbourhood, neighbourhood
from modelkeep.models import Model, Trainable, need

if TYPE_CHECKING:
    import torch

_HELD_OUT: Final = 0.1
_MOST_HELD_OUT: Final = 512
_LEAST: Final = 20  # rows below which nothing can be trained or judged
_DECAY: Final = 5e-4
_GRADIENT: Final = 5.0  # greatest norm of a step's gradient
_JUDGE_STEPS: Final = 10
_GAP: Final = 0.15  # single-step minus many-step accuracy that means a breakdown


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a step and how they may be moved.

    Attributes:
        rows: shape ``(batch, ...)`` float32.
        truth: classes, shape ``(batch,)``.
        around: the box.
        generator: of every random choice.
    """

    rows: torch.Tensor
    truth: torch.Tensor
    around: Neighbourhood
    generator: torch.Generator


Loss = Callable[["torch.nn.Module", Batch, int], "torch.Tensor"]


@dataclass(frozen=True, slots=True)
class Variant:
    """How a variant trains.

    Attributes:
        loss: ``loss(module, batch, steps)``, a number to lower.
        steps: attack steps in each training step.
    """

    loss: Loss
    steps: int


def why_not_trainable(context: Context) -> str | None:
    """Why the model cannot be trained further, ``None`` if it can."""
    if context.train is None:
        return "no training rows were given (--data FILE)"
    if len(context.train) < _LEAST:
        return f"fewer than {_LEAST} training rows"
    if not isinstance(context.model, Trainable):
        return "the model's weights cannot be trained further (it gives no gradient)"
    if context.threat.norm != "linf":
        return f"training against {context.threat} is not built, only against linf"
    return None


def train(context: Context, effort: Effort, variant: Variant) -> Model:
    """The model, trained further on rows the variant's attack crafts.

    Raises:
        InputError: the model is not trainable, or training diverged at once.
        MissingExtraError: torch is not installed.
    """
    torch = need("torch", "adversarial training")
    if not isinstance(context.model, Trainable):
        raise InputError("the model's weights cannot be trained further")
    data = training_rows(context)
    module = copy.deepcopy(context.model.module).requires_grad_(True)
    generator = torch.Generator().manual_seed(context.seed)
    rows = torch.from_numpy(np.ascontiguousarray(data.rows, np.float32))
    truth = torch.from_numpy(context.truth(data)).long()
    order = torch.randperm(len(rows), generator=generator)
    apart = min(_MOST_HELD_OUT, max(_LEAST // 2, int(_HELD_OUT * len(rows))))
    around = neighbourhood(data, context.threat.radius)
    judged = Batch(rows[order[:apart]], truth[order[:apart]], around, generator)
    rest = Batch(rows[order[apart:]], truth[order[apart:]], around, generator)
    _Course(module, effort, variant, judged).run(rest, context)
    return context.model.with_module(module.requires_grad_(False).eval())


class _Course:
    """One training: the module, its best weights so far, and the steps it is trained by."""

    def __init__(
        self, module: torch.nn.Module, effort: Effort, variant: Variant, judged: Batch
    ) -> None:
        self._module, self._effort, self._variant, self._judged = (
            module,
            effort,
            variant,
            judged,
        )
        self._steps = variant.steps
        self._best_score, self._best = -1.0, copy.deepcopy(module.state_dict())

    def run(self, rest: Batch, context: Context) -> None:
        """Train for all epochs; the module ends with its best weights."""
        torch = need("torch", "adversarial training")
        effort = self._effort
        optimizer = torch.optim.Adam(
            self._module.parameters(), lr=effort.rate, weight_decay=_DECAY
        )
        batches = math.ceil(len(rest.rows) / effort.batch)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, effort.rate, total_steps=effort.epochs * batches
        )
        for epoch in range(effort.epochs):
            context.progress(epoch / effort.epochs, f"training, epoch {epoch + 1}")
            self._epoch(rest, optimizer, schedule)
            self._judge(last=epoch == effort.epochs - 1)
        self._module.load_state_dict(self._best)

    def _epoch(
        self,
        rest: Batch,
        optimizer: torch.optim.Optimizer,
        schedule: torch.optim.lr_scheduler.LRScheduler,
    ) -> None:
        torch = need("torch", "adversarial training")
        self._module.train()
        order = torch.randperm(len(rest.rows), generator=rest.generator)
        for chosen in order.split(self._effort.batch):
            batch = Batch(rest.rows[chosen], rest.truth[chosen], rest.around, rest.generator)
            optimizer.zero_grad()
            loss = self._variant.loss(self._module, batch, self._steps)
            if not torch.isfinite(loss):
                raise InputError(
                    "adversarial training diverged: the loss is not a number",
                    "Scale the inputs, or train with a smaller radius (--epsilon).",
                )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self._module.parameters(), _GRADIENT)
            optimizer.step()
            schedule.step()

    def _judge(self, *, last: bool) -> None:
        """Keep the best epoch; after a breakdown go back to it with more steps."""
        with evaluating(self._module):
            many = robust_share(self._module, self._judged, steps=_JUDGE_STEPS)
            one = robust_share(self._module, self._judged, steps=1)
        if many >= self._best_score:
            self._best_score, self._best = many, copy.deepcopy(self._module.state_dict())
        elif one - many > _GAP and many < self._best_score - _GAP and not last:
            self._module.load_state_dict(self._best)
            self._steps = max(2, self._steps)


def robust_share(module: torch.nn.Module, batch: Batch, *, steps: int) -> float:
    """Share of rows still answered rightly after an attack on cross-entropy."""
    torch = need("torch", "adversarial training")

    moved = climb(
        module,
        batch.rows,
        batch.around,
        misclassified(batch.truth),
        batch.generator,
        steps=steps,
    )
    with torch.no_grad():
        return float((module(moved).argmax(1) == batch.truth).float().mean())
