"""Which guards stand around a model: what the operator set up, and what calibration allows.

Guards that compare a stream with honest use need rows of honest use. Without them they are
not there, their rulings are missing from every record, and a model that requires them
answers nothing.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.config import ModelRules
from modelkeep.gateway.extraction import Extraction, calibrate
from modelkeep.gateway.interface import Backend, Guard
from modelkeep.gateway.leak_budget import LeakBudget
from modelkeep.gateway.oip_tensors import DATATYPES
from modelkeep.gateway.output_check import scores_of
from modelkeep.gateway.prada import Prada
from modelkeep.gateway.probing import Probing
from modelkeep.gateway.repeats import Repeats
from modelkeep.gateway.stream import plain_projection
from modelkeep.models import Dataset

_MOST: Final = 4096  # calibration rows used
_SAME: Final = 1e-9  # squared distance of rows that are one and the same
_CLOSE: Final = 0.5  # share of honest distances' lowest percent below which rows are close


async def make_guards(
    rules: ModelRules, backend: Backend, alarms: Alarms, honest: Dataset | None
) -> tuple[Guard, ...]:
    """The guards of a model, in the order they judge.

    Args:
        rules: the operator's.
        backend: what runs the model.
        alarms: where guards ring.
        honest: rows of honest use, where the rules name some.

    Raises:
        InputError: the calibration rows do not fit, or the model refuses them.
        RefusalError: the model's server does not answer.
    """
    guards: list[Guard] = [Repeats()]
    if rules.leak_bits > 0:
        guards.append(LeakBudget(rules.leak_bits))
    if honest is not None:
        rows, scores = await _honest(rules, backend, honest)
        try:
            known = calibrate(rows, scores)
        except ValueError as error:
            raise InputError(f"{rules.calibration}: {error}") from error
        guards += [
            Probing(known.project, close_distance(known.references), alarms),
            Extraction(known, alarms),
            Prada(plain_projection(rows.shape[1]), alarms),
        ]
    return tuple(guards)


def close_distance(rows: np.ndarray) -> float:
    """A distance that honest rows ``(rows, dimensions)`` hardly ever have to one another."""
    squares = (rows**2).sum(axis=1)
    between = squares[:, None] + squares[None] - 2 * rows @ rows.T
    apart = between[np.triu_indices(len(rows), 1)]
    return float(_CLOSE * np.sqrt(max(np.percentile(apart[apart > _SAME], 1), 0.0)))


async def _honest(
    rules: ModelRules, backend: Backend, data: Dataset
) -> tuple[np.ndarray, np.ndarray]:
    """Calibration rows as features, and the model's scores of them."""
    if len(backend.inputs) != 1:
        raise InputError(
            f"{rules.calibration}: calibration needs a model with one input tensor",
            "Take `calibration` out of [serve.models.NAME].",
        )
    (spec,) = backend.inputs
    rows = data.rows[:_MOST]
    if not data.numeric.all():
        raise InputError(f"{rules.calibration}: calibration needs numbers in every column")
    try:
        shaped = rows.reshape(len(rows), *spec.shape[1:]) if -1 not in spec.shape[1:] else rows
    except ValueError as error:
        raise InputError(
            f"{rules.calibration}: its rows have the shape {list(rows.shape[1:])}, the model"
            f" takes {list(spec.shape[1:])}",
            "Name rows as the model is asked, in [serve.models.NAME] calibration.",
        ) from error
    outputs = await backend.infer({spec.name: shaped.astype(DATATYPES[spec.datatype])})
    name = scores_of(outputs, rules.scores)
    if name not in outputs:
        raise InputError(f"{rules.calibration}: the model answers no scores of classes")
    return rows.reshape(len(rows), -1).astype(np.float32), outputs[name]
