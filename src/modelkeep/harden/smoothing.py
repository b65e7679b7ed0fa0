"""Randomised smoothing: train on noisy rows, answer by vote over noisy copies, certify.

The noise is as strong as the radius asked about is long in Euclidean length, which certifies
rows whose winner has 84 % of the votes. A gain is not read from an attack, which noise makes
weak, but from the certificate: the certified share after must exceed what stood under attack
before.

Source: Cohen, Rosenfeld and Kolter, ICML 2019.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.assess import Context, space_of
from modelkeep.assess.certified_smoothing import NAME, euclidean
from modelkeep.core import InputError
from modelkeep.harden.fine_tuning import Grade, Labelled, accuracy, fine_tune, lesson
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.trigger_unlearning import why_not_repairable
from modelkeep.harden.wrapping import SUFFIX, base_of, why_not_wrappable, wrapped
from modelkeep.models import Model, Trainable, need
from modelkeep.models.wrappers import Smoothing

_DRAWS: Final = 64
_ALPHA: Final = 0.001
_CAUTION: Final = (
    f"every answer costs {_DRAWS} of the old ones, and what noise hides is refused; the "
    "certificate holds in Euclidean distance"
)


def run(context: Context, effort: Effort) -> Model:
    """The model, trained on noise where it can be, and votes around it.

    Raises:
        InputError: training diverged, or nothing can be drawn around the model.
    """
    data = context.test
    if data is None:
        raise InputError("noise is scaled by rows", "Add --test FILE.")
    space, threat = space_of(context.train, data), context.threat
    sigma = euclidean(threat.norm, threat.radius, int((space.scale > 0).sum()))
    scale = (1.0,) if data.kind == "image" else tuple(space.scale.astype(float).tolist())
    wrapper = Smoothing(sigma, _DRAWS, _ALPHA, scale)
    model = context.model
    if isinstance(model, Trainable) and why_not_repairable(context) is None:
        context.progress(0.1, "training on noisy rows")
        model = _trained(context, effort, model, wrapper.noise())
    return wrapped((base_of(context, model),), wrapper)


def _trained(context: Context, effort: Effort, model: Trainable, noise: np.ndarray) -> Model:
    torch = need("torch", "training on noise")
    entropy = torch.nn.functional.cross_entropy
    given = lesson(context, model.module)
    spread = torch.from_numpy(noise.astype(np.float32))

    def noisy(batch: Labelled) -> Labelled:
        moved = torch.randn(batch.rows.shape, generator=given.generator) * spread
        return Labelled(batch.rows + moved, batch.truth)

    held = noisy(given.held)

    def loss(batch: Labelled) -> torch.Tensor:  # type: ignore[name-defined]  # torch is untyped
        seen = noisy(batch)
        return entropy(given.module(seen.rows), seen.truth)

    def grade() -> Grade:
        return (accuracy(given.module, held),)

    fine_tune(given, effort, loss, grade)
    return model.with_module(given.module)


DEFENCE: Final = Defence(
    "HRD009",
    "randomised-smoothing",
    "evasion",
    why_not_wrappable,
    run,
    _CAUTION,
    suffix=SUFFIX,
    by_name_only=True,
    earns=NAME,
)
