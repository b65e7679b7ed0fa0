"""Exposure: how far up a planted secret stands among all there could be, in bits.

The rank is exact: every secret of the form is asked about. Secrets that are as likely as the
planted one stand before it, so that a model which knows nothing shows nothing. Other planted
secrets of the form do not compete: two that are known by heart both stand first.

A model that never saw a secret puts it anywhere: P(exposure >= b bits) is at most 2^-b, and
its mean is log2(e) = 1.44 bits, which is what "nothing" looks like.

Source: Carlini et al., USENIX Security 2019; Fisher 1932 (chances put together).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.stats import chi2

from modelkeep.assess.memorisation.form import Form
from modelkeep.assess.memorisation.scoring import LogLikelihood, score_texts
from modelkeep.core import InputError

CHANCE_BITS: Final = math.log2(math.e)


def ranks(model: LogLikelihood, form: Form, planted: Sequence[str]) -> tuple[np.ndarray, int]:
    """The rank of each planted secret, 1 the likeliest, and among how many.

    Args:
        model: what is asked; ``form.size`` texts.
        form: of the secrets.
        planted: all secrets of the form that are in the training texts, each once.

    Returns:
        Shape ``(planted,)`` int64, and the number of secrets ranked.

    Raises:
        InputError: a secret is not of the form or named twice, or the model does not answer.
    """
    places = np.array([form.place_of(secret) for secret in planted], dtype=np.int64)
    if len(set(planted)) < len(planted) or not len(planted):
        raise InputError("planted secrets are to be named, each once", "Use Form.draw.")
    scores = score_texts(model, [form.text(secret) for secret in form.secrets()])
    competing = np.delete(scores, places)
    found = [1 + int((competing >= scores[place]).sum()) for place in places]
    return np.array(found, dtype=np.int64), len(competing) + 1


def exposures(found: np.ndarray, among: np.ndarray | int) -> np.ndarray:
    """Bits of ranks, from 0 (last) to ``log2(among)`` (first)."""
    return np.asarray(np.log2(among) - np.log2(found))


def chance_of(found: np.ndarray, among: np.ndarray | int) -> float:
    """Chance of ranks as low together if no secret had been seen.

    ``rank / among`` is such a chance for one secret; Fisher's sum puts them together, a
    little on the safe side for ranks are whole numbers.
    """
    return float(chi2.sf(-2 * np.log(found / among).sum(), 2 * len(found)))
