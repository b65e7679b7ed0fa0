"""Reweighing: train further on rows drawn so that group and class are independent.

Where a class is rare in one group, the model learns the group instead of the reason. Rows of
pairs (group, class) that occur less often than independence would have them are drawn more
often, and the others less. It mends what comes from the numbers of rows; it does not mend
labels that are wrong for one group.

Source: Kamiran and Calders, Knowledge and Information Systems 2012 (weights), used here as
chances of being drawn.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess import Context
from modelkeep.assess.fairness import groups_of
from modelkeep.core import InputError
from modelkeep.harden.interface import Defence, Effort, training_rows
from modelkeep.models import Model, Trainable, need

if TYPE_CHECKING:
    import torch

_CAUTION: Final = "it evens out numbers of rows; labels that are wrong for one group stay wrong"
_DECAY: Final = 5e-4


def applies(context: Context) -> str | None:
    """It needs a trainable model and a column of groups."""
    if not context.group:
        return "no column of groups was named (--group COLUMN)"
    if context.train is None or context.train.kind != "tabular":
        return "no training rows of a table were given (--data FILE)"
    if not isinstance(context.model, Trainable):
        return "the model's weights cannot be trained further (it gives no gradient)"
    return None


def chances(groups: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Chance of each row to be drawn, so that group and class are independent.

    Args:
        groups: group of each row, shape ``(n,)`` whole numbers.
        truth: class of each row, shape ``(n,)`` whole numbers.

    Returns:
        Shape ``(n,)``, summing to 1.
    """
    n = len(truth)
    counts = np.zeros((groups.max() + 1, truth.max() + 1))
    np.add.at(counts, (groups, truth), 1)
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / n
    weight = expected[groups, truth] / counts[groups, truth]
    return np.asarray(weight / weight.sum())


def run(context: Context, effort: Effort) -> Model:
    """The model, trained further on rows drawn by those chances.

    Raises:
        InputError: the model is not trainable, or training diverged.
    """
    torch = need("torch", "reweighing")
    if not isinstance(context.model, Trainable):
        raise InputError("the model's weights cannot be trained further")
    data = training_rows(context)
    truth = context.truth(data)
    groups = np.zeros(len(data), dtype=int)
    for index, group in enumerate(groups_of(data, context.group)):
        groups[group.rows] = index
    drawn = np.random.default_rng(context.seed).choice(
        len(data), (effort.epochs, len(data)), p=chances(groups, truth)
    )
    module = copy.deepcopy(context.model.module).requires_grad_(True).train()
    optimizer = torch.optim.Adam(module.parameters(), lr=effort.rate, weight_decay=_DECAY)
    rows = torch.from_numpy(np.ascontiguousarray(data.rows, np.float32))
    answers = torch.from_numpy(truth).long()
    for epoch, order in enumerate(torch.from_numpy(drawn)):
        context.progress(epoch / effort.epochs, f"training, epoch {epoch + 1}")
        for chosen in order.split(effort.batch):
            optimizer.zero_grad()
            _loss(module, rows[chosen], answers[chosen]).backward()
            optimizer.step()
    return context.model.with_module(module.requires_grad_(False).eval())


def _loss(module: torch.nn.Module, rows: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    torch = need("torch", "reweighing")
    loss = torch.nn.functional.cross_entropy(module(rows), answers)
    if not torch.isfinite(loss):
        raise InputError(
            "training diverged: the loss is not a number", "Scale the inputs of the model."
        )
    return loss


DEFENCE: Final = Defence("HRD010", "reweighing", "bias", applies, run, _CAUTION)
