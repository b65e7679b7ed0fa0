"""Does the trigger that was found in the model as it was still work?

The backdoor test searches triggers in the old model on rows that no repair has seen; the
same triggers are stamped on the same rows for the old and the changed model. Whether the
changed model has a new one is for a fresh search to say, which runs beside this.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from modelkeep.assess import Context
from modelkeep.assess.backdoor import STEPS, inspect, scale_of
from modelkeep.assess.interface import require_rows
from modelkeep.core import InputError, Measurement, ThreatModel
from modelkeep.harden.short_cuts import short_cuts
from modelkeep.models import Differentiable, need
from modelkeep.models.intervals import clopper_pearson

NAME: Final = "known_trigger_success"
_SEARCHED: Final = 200  # rows the triggers are searched on
_LEAST_CLASSES: Final = 4  # that can be compared with each other
_ATTACKER: Final = ThreatModel(
    goal="backdoor", knowledge="white box", capability="stamps the trigger found in the model"
)


def known_trigger(context: Context) -> Callable[[Context], Measurement]:
    """Find the triggers of a model; returns what measures them on any model.

    Raises:
        InputError: no backdoor is suspected, or the model gives no gradient.
    """
    torch = need("torch", "a repair")
    data, model = require_rows(context.test, "test"), context.model
    if not isinstance(model, Differentiable):
        raise InputError("triggers can only be searched in a model that gives a gradient")
    classes = context.predict(data.rows[:1]).shape[1]
    if classes < _LEAST_CLASSES:
        raise InputError(
            f"{classes} classes: triggers are judged by comparing {_LEAST_CLASSES} or more"
        )
    scale = scale_of(context.train or data)
    found = inspect(
        scale.answering(model.module),
        scale.scaled(context.sample(data, _SEARCHED).rows),
        classes=classes,
        steps=STEPS[context.budget],
        seed=context.seed,
    )
    cuts = short_cuts(found, scale)
    if not (cuts.known and found.suspicion.suspected):
        raise InputError(
            "no class is much easier to reach than the others: the backdoor test sees "
            "nothing to repair",
            "Search with more work: --budget standard",
        )
    rows = torch.from_numpy(np.ascontiguousarray(data.rows, np.float32))
    kinds = " and ".join(cut.family.name for cut in cuts.known)

    def measure(changed: Context) -> Measurement:
        if not isinstance(changed.model, Differentiable):
            raise InputError("the changed model gives no gradient")
        hits, n = cuts.hits(changed.model.module, rows)
        if not n:
            raise InputError("the model answers the target class to every row")
        low, high = clopper_pearson(hits, n)
        return Measurement(
            NAME,
            hits / n,
            low,
            high,
            "fraction",
            n,
            attacker=_ATTACKER,
            seed=context.seed,
            method=f"the best of the {kinds} found in the model as it was, towards class "
            f"{model.classes[cuts.target]}; Clopper-Pearson interval",
        )

    return measure
