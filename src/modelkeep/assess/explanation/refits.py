"""The same model trained anew: how much explanations differ where nothing was changed.

Two honest models trained on the same rows from other random numbers explain themselves
differently. A move between two versions means something only where it is larger than that,
so the earlier version is trained anew a few times. A network starts from random numbers of
the same spread as its weights and sees at most so many rows; any other model is trained by
the recipe, whose name is told.

Sources: Adebayo et al., NeurIPS 2018 (explanations against randomised models); D'Amour et
al., JMLR 2022 (underspecification: seeds alone change what a model uses).
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.interface import Context, require_rows
from modelkeep.core import InputError
from modelkeep.models import Differentiable, InputSpec, Model, need
from modelkeep.models.outputs import to_probabilities

if TYPE_CHECKING:
    import torch

COUNTS: Final = {"quick": 5, "standard": 8, "thorough": 16}
_ROWS: Final = {"quick": 5_000, "standard": 20_000, "thorough": 200_000}
_STEPS: Final = 800  # of training, at least
_LEAST_EPOCHS: Final = 4
_MOST_EPOCHS: Final = 200
_BATCH: Final = 64
_RATE: Final = 5e-3
_CHUNK: Final = 2048


@dataclass(frozen=True, slots=True)
class Refit:
    """A model trained anew.

    Attributes:
        model: the handle.
        how: one phrase.
    """

    model: Model
    how: str


@dataclass(slots=True)
class _Network:
    """A module that was trained here."""

    module: torch.nn.Module
    classes: tuple[str, ...]
    kind: str = "torch"
    spec: InputSpec = field(default_factory=InputSpec)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities."""
        torch = need("torch", "training a model anew")
        batch = torch.from_numpy(np.ascontiguousarray(rows, np.float32))
        with torch.no_grad():
            parts = [self.module(part).numpy() for part in batch.split(_CHUNK)]
        return to_probabilities(np.concatenate(parts), logits=True)


@dataclass(slots=True)
class _Recipe:
    """What a recipe returned."""

    answer: Callable[[np.ndarray], np.ndarray]
    classes: tuple[str, ...]
    kind: str = "refit"
    spec: InputSpec = field(default_factory=InputSpec)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities."""
        return self.answer(rows)


def can_learn(model: Model) -> bool:
    """Whether it is a network with weights that could be trained anew."""
    return isinstance(model, Differentiable) and any(
        weight.is_floating_point() and weight.dim() > 1 for weight in model.module.parameters()
    )


def refits(context: Context) -> Iterator[Refit]:
    """The model of a context, trained anew from other seeds.

    Raises:
        InputError: there are no training rows, or training diverged.
        MissingExtraError: a library is not installed.
    """
    data = require_rows(context.train, "data")
    context.truth(data)  # settles the classes
    model, count = context.model, COUNTS[context.budget]
    for number in range(count):
        seed = context.seed + 1 + number
        context.progress(number / count, f"training the earlier version anew, {number + 1}")
        if can_learn(model):
            yield Refit(*_network(context, seed))
        else:
            given = replace(context, seed=seed).sample(data, _ROWS[context.budget])
            answer = context.recipe.fit(given, seed)
            yield Refit(_Recipe(answer, model.classes), context.recipe.name)


def _network(context: Context, seed: int) -> tuple[Model, str]:
    torch = need("torch", "training a model anew")
    model = context.model
    if not isinstance(model, Differentiable):
        raise InputError("the model gives no gradient")
    data = replace(context, seed=seed).sample(
        require_rows(context.train, "data"), _ROWS[context.budget]
    )
    rng = torch.Generator().manual_seed(seed)
    module = copy.deepcopy(model.module).requires_grad_(True).train()
    with torch.no_grad():
        for weight in module.parameters():
            if weight.dim() > 1 and weight.is_floating_point():
                weight.copy_(torch.randn(weight.shape, generator=rng) * weight.std())
    rows = torch.from_numpy(np.ascontiguousarray(data.rows, np.float32))
    truth = torch.from_numpy(context.truth(data)).long()
    batches = math.ceil(len(rows) / _BATCH)
    epochs = min(_MOST_EPOCHS, max(_LEAST_EPOCHS, math.ceil(_STEPS / batches)))
    optimizer = torch.optim.Adam(module.parameters(), lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _RATE, total_steps=epochs * batches
    )
    for _ in range(epochs):
        for chosen in torch.randperm(len(rows), generator=rng).split(_BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(module(rows[chosen]), truth[chosen])
            loss.backward()
            optimizer.step()
            schedule.step()
    if not all(bool(weight.isfinite().all()) for weight in module.parameters()):
        raise InputError(
            "training diverged: a weight is not a number", "Scale the inputs of the model."
        )
    how = f"{epochs} epochs on {len(rows)} rows from random weights of the same spread"
    return _Network(module.requires_grad_(False).eval(), model.classes), how
