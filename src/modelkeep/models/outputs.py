"""Whatever a model answers, as probabilities of classes.

A score that is taken for a probability spoils every later number silently, so the
kind of output is decided once, on real rows.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.core import InputError

_ROUNDING: Final = 1e-6  # a probability may fall below 0 by this much


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row-wise softmax of ``(batch, classes)`` in float64."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    powers = np.exp(shifted)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def are_probabilities(scores: np.ndarray) -> bool:
    """Whether every row is non-negative and sums to 1 (within 1e-3)."""
    return bool(
        scores.size
        and (scores >= -_ROUNDING).all()
        and np.allclose(scores.sum(axis=1), 1.0, atol=1e-3)
    )


def require_one_each(answer: np.ndarray, rows: int) -> np.ndarray:
    """The answer, if its first dimension is the number of rows asked about.

    Raises:
        InputError: it is not.
    """
    if not answer.ndim or len(answer) != rows:
        raise InputError(
            f"the model answers with shape {answer.shape} where {rows} rows were asked about",
            "Export it so that the first dimension of its output is that of its input.",
        )
    return answer


def require_probabilities(scores: np.ndarray, who: str = "the model") -> np.ndarray:
    """The scores, if they are probabilities.

    Args:
        scores: ``(batch, classes)``.
        who: answered them, for the message.

    Raises:
        InputError: they are not.
    """
    if not are_probabilities(scores):
        raise InputError(
            f"{who} answers scores that are no probabilities",
            "Say that it answers logits, or put a softmax behind it.",
        )
    return scores


def to_probabilities(scores: np.ndarray, *, logits: bool | None = None) -> np.ndarray:
    """Turn raw scores into probabilities.

    Args:
        scores: ``(batch,)``, ``(batch, 1)`` or ``(batch, classes)``.
        logits: whether they are logits; ``None`` decides by their values.

    Returns:
        ``(batch, classes)`` float64; one column becomes two (negative, positive).

    Raises:
        InputError: another shape, or NaN or infinity among the scores.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if scores.ndim == 1:
        scores = scores[:, None]
    if scores.ndim != 2:  # noqa: PLR2004
        raise InputError(
            f"the model answers with shape {scores.shape}, not (batch, classes)",
            "Export it so that each row gets one score for each class.",
        )
    broken = np.flatnonzero(~np.isfinite(scores).all(axis=1))
    if len(broken):
        raise InputError(
            f"the model answers NaN or infinity for {len(broken)} of {len(scores)} rows, "
            f"first for row {broken[0]}",
            "Look at that row, and at logarithms, roots and divisions in the model.",
        )
    if scores.shape[1] == 1:
        if logits is None:
            logits = bool((scores < 0).any() or (scores > 1).any())
        positive = 1 / (1 + np.exp(-np.clip(scores, -500, 500))) if logits else scores
        return np.hstack([1 - positive, positive])
    if logits is None:
        logits = not are_probabilities(scores)
    return softmax(scores) if logits else scores
