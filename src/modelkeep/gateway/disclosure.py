"""How much of an answer is given away: all scores, rounded, the top one, or the label.

Full-precision scores give a linear model away in as many queries as it has weights, and
help whoever asks whether a row was trained on. Coarser answers slow that down; label-only
costs an attacker with rows of the same distribution about twice the queries, no more.

Shapes stay what they were, so that clients go on working: the top score stands alone in
its row, the label is a 1. Outputs that would say the same again are left out.

Sources: Tramèr et al. 2016 (equation solving); Shokri et al. 2017 (label-only answers).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.gateway.config import ModelRules
from modelkeep.gateway.interface import Answer

FULL, ROUNDED, TOP, LABEL = range(4)
_POLICY: Final = {"scores": FULL, "top-1": TOP, "label": LABEL}
_DECIMALS: Final = {ROUNDED: 2, TOP: 1}
_DIGITS: Final = {ROUNDED: 3, TOP: 2, LABEL: 1}  # of numbers that are no scores of classes


def disclose(answer: Answer, rules: ModelRules, step: int) -> None:
    """Coarsen an answer in place.

    Args:
        answer: an answer that passed the output check.
        rules: what the operator gives away at most.
        step: how far guards stepped up, 0 to 3.
    """
    level = max(_POLICY[rules.disclose], step)
    if not answer.scores or not _of_classes(answer.outputs[answer.scores]):
        if level > FULL:
            answer.outputs = {
                name: _significant(values, _DIGITS[level])
                for name, values in answer.outputs.items()
            }
        elif rules.decimals >= 0:
            answer.outputs = {
                name: _rounded(values, rules.decimals)
                for name, values in answer.outputs.items()
            }
        return
    scores = answer.outputs[answer.scores]
    decimals = [d for d in (rules.decimals, _DECIMALS.get(level, -1)) if d >= 0]
    if level == LABEL:
        scores = _alone(scores, np.ones((), scores.dtype))
    elif level == TOP:
        scores = _alone(scores, scores.max(axis=-1, keepdims=True))
    if decimals and level < LABEL:
        scores = _rounded(scores, min(decimals))
    if level > FULL or rules.decimals >= 0:
        answer.outputs = {
            name: values
            for name, values in answer.outputs.items()
            if name == answer.scores or values.dtype.kind != "f"
        }
    answer.outputs[answer.scores] = scores


def _of_classes(scores: np.ndarray) -> bool:
    """Whether rows hold several scores; one number per row has no top."""
    return scores.ndim > 1 and scores.shape[-1] > 1


def _alone(scores: np.ndarray, value: np.ndarray) -> np.ndarray:
    """The largest entry of each row replaced by ``value``, everything else by 0."""
    top = np.zeros_like(scores)
    at = scores.argmax(axis=-1)[..., None]
    np.put_along_axis(top, at, np.broadcast_to(value, at.shape), axis=-1)
    return top


def _rounded(values: np.ndarray, decimals: int) -> np.ndarray:
    return values.round(decimals) if values.dtype.kind == "f" else values


def _significant(values: np.ndarray, digits: int) -> np.ndarray:
    """Floats with some significant digits left."""
    if values.dtype.kind != "f":
        return values
    size = np.abs(values)
    power = np.floor(np.log10(size, where=size > 0, out=np.zeros(values.shape)))
    unit = 10.0 ** (power - digits + 1)
    return np.asarray((values / unit).round() * unit, dtype=values.dtype)
