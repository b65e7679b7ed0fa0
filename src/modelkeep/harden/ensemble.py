"""Ask several models and take the mean: the old one and two trained anew from shaken weights.

Each new one is trained on rows drawn with replacement. Adversarial points carry over from model
to model, so an attack on the mean usually breaks all; the gain is read from that attack.

Sources: Strauss et al., 2017; Breiman, 1996 (bagging); He et al., WOOT 2017.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from modelkeep.assess import Context
from modelkeep.core import InputError
from modelkeep.harden.fine_tuning import Grade, Labelled, accuracy, fine_tune, lesson
from modelkeep.harden.interface import Defence, Effort
from modelkeep.harden.trigger_unlearning import why_not_repairable
from modelkeep.harden.wrapping import SUFFIX, base_of, why_not_wrappable, wrapped
from modelkeep.models import Model, Trainable, need
from modelkeep.models.wrappers import Ensemble

_MEMBERS: Final = 3
_SHAKEN: Final = 0.5  # noise added to weights, in their own standard deviations
_CAUTION: Final = "members err alike: an attack on their mean is what measured this"


def applies(context: Context) -> str | None:
    """It needs training rows, weights that can be trained, and a graph."""
    return why_not_repairable(context) or why_not_wrappable(context)


def run(context: Context, effort: Effort) -> Model:
    """The mean of the model and its shaken, retrained copies.

    Raises:
        InputError: the model is not trainable, or training diverged.
    """
    model = context.model
    if not isinstance(model, Trainable):
        raise InputError("the model's weights cannot be trained further")
    bases = [base_of(context, model)]
    for number in range(1, _MEMBERS):
        context.progress(number / _MEMBERS, f"training member {number + 1} of {_MEMBERS}")
        member = _trained(replace(context, seed=context.seed + number), effort, model)
        bases.append(base_of(context, member))
    return wrapped(tuple(bases), Ensemble(_MEMBERS))


def _trained(context: Context, effort: Effort, model: Trainable) -> Model:
    torch = need("torch", "an ensemble")
    entropy = torch.nn.functional.cross_entropy
    given = lesson(context, model.module)
    count = len(given.fitted.rows)
    drawn = torch.randint(count, (count,), generator=given.generator)
    bagged = replace(given, fitted=given.fitted.take(drawn))
    with torch.no_grad():
        for weight in bagged.module.parameters():
            if weight.dim() > 1:
                noise = torch.randn(weight.shape, generator=given.generator)
                weight.add_(_SHAKEN * weight.std() * noise.to(weight.dtype))

    def loss(batch: Labelled) -> torch.Tensor:  # type: ignore[name-defined]  # torch is untyped
        return entropy(bagged.module(batch.rows), batch.truth)

    def grade() -> Grade:
        return (accuracy(bagged.module, bagged.held),)

    fine_tune(bagged, effort, loss, grade)
    return model.with_module(bagged.module)


DEFENCE: Final = Defence(
    "HRD007", "ensemble", "evasion", applies, run, _CAUTION, suffix=SUFFIX, by_name_only=True
)
