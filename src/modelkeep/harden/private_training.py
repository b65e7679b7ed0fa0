"""Private training: the model trained anew so that no row can have mattered much.

DP-SGD from fresh weights. The plan (noise, steps, rate) is settled and charged to the data
set's ledger before a row is touched; the claim that comes of it holds for anybody who sees
the weights, whatever they know. What it costs is accuracy, measured like any defence's.

Source: Abadi et al., CCS 2016.
"""

from __future__ import annotations

import copy
import secrets
from typing import Final

import numpy as np

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.interface import Defence, Effort, training_rows
from modelkeep.harden.private import (
    choose_way,
    descend,
    forget,
    plan_training,
    statistics_in,
)
from modelkeep.models import Model, Trainable, need

_LEAST: Final = 100  # rows below which noise drowns everything


def why_not_private(context: Context) -> str | None:
    """Why the model cannot be trained privately, ``None`` if it can."""
    if context.train is None:
        return "no training rows were given (--data FILE)"
    if len(context.train) < _LEAST:
        return f"fewer than {_LEAST} training rows"
    if not isinstance(context.model, Trainable):
        return "the model's weights cannot be trained (it gives no gradient)"
    layer = statistics_in(context.model.module)
    if layer:
        return f"layer {layer} holds statistics of the training rows; use GroupNorm instead"
    return None


def run(context: Context, effort: Effort) -> Model:
    """The model's architecture, trained privately from fresh weights.

    Raises:
        InputError: the budget does not allow it, or the model cannot be trained so.
        MissingExtraError: a library is not installed.
    """
    torch = need("torch", "private training")
    if not isinstance(context.model, Trainable):
        raise InputError("the model's weights cannot be trained")
    data = training_rows(context)
    rows = torch.from_numpy(np.ascontiguousarray(data.rows, np.float32))
    truth = torch.from_numpy(context.truth(data)).long()
    generator = torch.Generator().manual_seed(secrets.randbits(63))
    module = copy.deepcopy(context.model.module).eval()
    forget(module, generator)
    plan = plan_training(len(rows), effort.epochs, effort.privacy)
    shape, classes = tuple(rows.shape[1:]), len(context.model.classes)
    way = choose_way(module, shape, plan.batch, classes)
    effort.privacy.charge(plan)
    trained = copy.deepcopy(module)
    clip = way.prepare(trained)
    weights = dict(trained.named_parameters())
    descend(weights, clip, (rows, truth), plan, generator, context.progress)
    module.load_state_dict(trained.state_dict())  # without the hooks of the way
    return context.model.with_module(module.requires_grad_(False))


DEFENCE: Final = Defence(
    "HRD011",
    "private-training",
    "membership",
    why_not_private,
    run,
    caution="the model was trained anew, so evidence and tuning of the old one are gone",
)
