"""What a model of texts is asked for: the log-likelihood of texts, and nothing else.

A loss taken for a likelihood would turn every rank around, and silently; no probability of
a text lies above 1, so numbers above 0 are refused.

Source: Carlini et al., USENIX Security 2019 (log-perplexity of a sequence).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from modelkeep.core import InputError

_BATCH: Final = 1000
_ROUNDING: Final = 1e-6
LogLikelihood = Callable[[Sequence[str]], np.ndarray]
"""From texts to natural logarithms of their probabilities, shape ``(n,)``.

A text counts as the beginning of one: no end mark is scored, so that a longer text is never
likelier than its beginning.
"""


def score_texts(model: LogLikelihood, texts: Sequence[str]) -> np.ndarray:
    """Log-likelihoods in nats, asked in batches, shape ``(n,)`` float64.

    Raises:
        InputError: it answers another shape, no numbers, or numbers above 0.
    """
    scores = [np.zeros(0)]
    for start in range(0, len(texts), _BATCH):
        part = texts[start : start + _BATCH]
        said = np.asarray(model(part), dtype=np.float64)
        if said.shape != (len(part),):
            raise InputError(
                f"the model of texts answers shape {said.shape} to {len(part)} texts",
                "It is to answer one log-likelihood for each text.",
            )
        if not np.isfinite(said).all():
            raise InputError(
                "the model of texts answers NaN or infinity",
                "Give every character a probability above 0.",
            )
        if (said > _ROUNDING).any():
            raise InputError(
                f"the model of texts answers {said.max():.3g}, which is no log-likelihood",
                "Answer the logarithm of each text's probability, not its loss.",
            )
        scores.append(said)
    return np.concatenate(scores)
