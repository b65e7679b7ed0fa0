"""Trigger unlearning: rows with the trigger on them, and their right classes.

The true trigger is unknown. Triggers are reconstructed for the most suspicious class,
stamped on a copy of every batch, and trained away. A reconstructed trigger is the least
part of the true one that works, so several fall on one row; and as a model that forgot
one trigger often keeps a twin of it, new ones are searched on the changed weights between
epochs and join the others. Only triggers much smaller than honest classes need are taken:
a patch that covers half the picture is no backdoor, and unlearning it would cost accuracy
for nothing.

Of the epochs after which no trigger works on held-out rows any more, the one with the
best clean accuracy is kept.

Sources: Wang et al., IEEE S&P 2019 (unlearning by reconstructed triggers); Zeng et al.,
ICLR 2022 (searching anew on the changed weights).
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from modelkeep.assess import Context
from modelkeep.assess.backdoor import STEPS, inspect, scale_of
from modelkeep.core import InputError
from modelkeep.harden.fine_tuning import (
    LEAST,
    Grade,
    Labelled,
    Lesson,
    accuracy,
    epochs_of,
    fine_tune,
    lesson,
)
from modelkeep.harden.interface import Defence, Effort, training_rows
from modelkeep.harden.short_cuts import ShortCuts, short_cuts
from modelkeep.models import Model, Trainable, need

if TYPE_CHECKING:
    import torch

_CAUTION: Final = (
    "the rows given must be free of the trigger: those that hold it teach it again; "
    "triggers that bend the picture, work on one class only or came with right labels are "
    "hardly found"
)
_WORKS: Final = 0.05  # share of rows a trigger may still send to its class
_SEARCHED: Final = 200  # rows triggers are searched on
_ROUNDS: Final = 3  # classes that may hold a backdoor, one a round
_SEARCHES: Final = 8  # for new triggers while one class's are trained away, at most
_RATE: Final = 1e-3


def why_not_repairable(context: Context) -> str | None:
    """Why the model cannot be repaired by training, ``None`` if it can."""
    if context.train is None:
        return "no training rows were given (--data FILE)"
    if len(context.train) < LEAST:
        return f"fewer than {LEAST} training rows"
    if not isinstance(context.model, Trainable):
        return "the model's weights cannot be trained further (it gives no gradient)"
    return None


def run(context: Context, effort: Effort) -> Model:
    """The model with its short cuts trained away, class after class while one is suspected.

    Raises:
        InputError: the model is not trainable, or training diverged.
    """
    if not isinstance(context.model, Trainable):
        raise InputError("the model's weights cannot be trained further")
    torch = need("torch", "unlearning a trigger")
    given = lesson(context, context.model.module)
    data = training_rows(context)
    classes = context.predict(data.rows[:1]).shape[1]
    scale = scale_of(data)
    rows = scale.scaled(given.fitted.rows[:_SEARCHED].numpy())
    for number in range(_ROUNDS):
        context.progress(number / _ROUNDS, f"searching triggers of {classes} classes")
        given.module.requires_grad_(False).eval()
        found = inspect(
            scale.answering(given.module),
            rows,
            classes=classes,
            steps=STEPS[context.budget],
            seed=context.seed,
        )
        if number and not found.suspicion.suspected:
            break
        given.module.requires_grad_(True)
        cuts = short_cuts(found, scale)
        _unlearn(given, cuts, effort, torch.from_numpy(rows), STEPS[context.budget])
    return context.model.with_module(given.module)


def _unlearn(
    given: Lesson, cuts: ShortCuts, effort: Effort, rows: torch.Tensor, steps: int
) -> Grade:
    """Train the triggers of one class away."""
    entropy = need("torch.nn.functional", "unlearning a trigger").cross_entropy

    every = -(-epochs_of(given, effort) // _SEARCHES)

    def search(epoch: int) -> None:
        if epoch % every:
            return
        given.module.requires_grad_(False)
        cuts.search(given.module, rows, steps=steps, seed=epoch)
        given.module.requires_grad_(True)

    def loss(batch: Labelled) -> torch.Tensor:
        clean = entropy(given.module(batch.rows), batch.truth)
        if not cuts.known:
            return clean
        stamped = cuts.stamp_any(batch.rows, given.generator)
        return clean + entropy(given.module(stamped), batch.truth)

    def grade() -> Grade:
        hits, of = cuts.hits(given.module, given.held.rows)
        success = hits / max(of, 1)
        right = accuracy(given.module, given.held)
        return (1.0, right) if success <= _WORKS else (0.0, -success)

    return fine_tune(given, replace(effort, rate=_RATE), loss, grade, before_epoch=search)


DEFENCE: Final = Defence(
    "HRD020", "trigger-unlearning", "backdoor", why_not_repairable, run, _CAUTION
)
