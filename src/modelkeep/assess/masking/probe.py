"""A few cheap attacks on the same few points, for all indicators to look at.

Each point costs about 230 passes, forward and backward counted one each; AutoAttack
spends some 6,000. Sources: Carlini et al. 2019 (evaluation advice); Pintor et al.,
NeurIPS 2022 (indicators of attack failure).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.masking.steps import (
    Box,
    Problem,
    climb,
    cross_entropy,
    gradient_of,
    margin,
    search_squares,
)
from modelkeep.models import need

if TYPE_CHECKING:
    pass

STEPS: Final = 20
QUERIES: Final = 100
_REPEATS: Final = 3  # forward passes of the clean points


@dataclass(frozen=True, slots=True)
class Probe:
    """What the attacks did to ``n`` points that are answered rightly; arrays ``(n,)``.

    Attributes:
        dead: whether the gradient of cross-entropy is exactly zero, not finite or absent.
        varies: whether logits differ between runs on the same points.
        probabilities: whether the module answers probabilities in place of logits.
        one_step: broken by one step of the sign of the gradient.
        entropy: broken by iterated steps on cross-entropy.
        margin: broken by iterated steps on the logit margin.
        unbounded: broken by steps that may go anywhere in the data's range.
        black_box: broken by a search that uses scores only.
        passes: spent per point.
    """

    dead: np.ndarray
    varies: bool
    probabilities: bool
    one_step: np.ndarray
    entropy: np.ndarray
    margin: np.ndarray
    unbounded: np.ndarray
    black_box: np.ndarray
    passes: int


def make_probe(problem: Problem, whole: Box) -> Probe:
    """Attack the points.

    Args:
        problem: the points and how far they may move.
        whole: the whole range of the data around them.
    """
    torch = need("torch", "a masking test")
    answer, rows, truth, near = problem.answer, problem.rows, problem.truth, problem.box
    with torch.no_grad():
        answers = [answer(rows) for _ in range(_REPEATS)]
    first = answers[0]
    varies = any(not torch.allclose(first, other, atol=1e-4) for other in answers[1:])
    sums = first.sum(1)
    probabilities = bool((first >= 0).all() and torch.allclose(sums, sums * 0 + 1, atol=1e-4))
    gradient = gradient_of(answer, rows, truth, cross_entropy).flatten(1)
    dead = ~torch.isfinite(gradient).all(1) | (gradient.abs().amax(1) == 0)
    moved = near.clip(rows + near.width * gradient.view_as(rows).nan_to_num().sign())
    with torch.no_grad():
        one_step = answer(moved).argmax(1) != truth
    by_entropy = climb(problem, cross_entropy, steps=STEPS)
    by_margin = climb(problem, margin, steps=STEPS)
    anywhere = climb(replace(problem, box=whole), margin, steps=STEPS)
    squares = search_squares(problem, queries=QUERIES)
    work = _REPEATS + 2 + 1 + 3 * (2 * STEPS + 1) + QUERIES
    return Probe(
        dead.numpy(),
        varies,
        probabilities,
        one_step.numpy(),
        by_entropy.numpy(),
        by_margin.numpy(),
        anywhere.numpy(),
        squares.numpy(),
        work,
    )
