"""What an attack's scores are worth at a rate of false accusations one can afford.

Sources: Clopper and Pearson, Biometrika 1934; Jagielski, Ullman and Oprea, NeurIPS 2020
(a lower bound on epsilon from an attack's error rates); Jayaraman et al., PETS 2021
(precision at a stated prior).
"""

from __future__ import annotations

import math

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.intervals import clopper_pearson


def threshold_at(negatives: np.ndarray, rate: float) -> float:
    """Score above which at most ``rate`` (below 1) of the non-members lie.

    Raises:
        InputError: so few non-members that not one of them may be accused.
    """
    allowed = math.floor(rate * len(negatives) + 1e-9)
    if allowed < 1:
        raise InputError(
            f"a false-positive rate of {rate:.1%} needs at least {math.ceil(1 / rate)} "
            f"non-members; there are {len(negatives)}"
        )
    return float(np.sort(negatives)[len(negatives) - allowed - 1])


def precision_at_prior(
    hits: tuple[int, int], alarms: tuple[int, int], prior: float
) -> tuple[float, float, float]:
    """Share of the accused that are members, with a joint 95 % interval.

    Args:
        hits: members accused, of how many.
        alarms: non-members accused, of how many.
        prior: share of members among those who might be asked about, in (0, 1).
    """

    def precision(true: float, false: float) -> float:
        right, wrong = prior * true, (1 - prior) * false
        return right / (right + wrong) if right + wrong > 0 else prior

    true, false = (clopper_pearson(*pair, level=0.975) for pair in (hits, alarms))
    value = precision(hits[0] / hits[1], alarms[0] / alarms[1])
    return value, precision(true[0], false[1]), precision(true[1], false[0])


def epsilon_bound(
    members: np.ndarray, others: np.ndarray, *, seed: int, delta: float = 1e-5
) -> tuple[float, float]:
    """Lower bound (95 %) on the epsilon_dp of any guarantee, and the most so many rows prove.

    The threshold and its direction are chosen on one half of the rows and judged on the
    other, so that the choice is paid for. Rows are taken to be independent.

    Args:
        members: scores of rows trained on.
        others: scores of rows that were not.
        seed: of the halves.
        delta: of the guarantee.
    """
    rng = np.random.default_rng(seed)
    halves = []
    for scores in (members, others):
        order = rng.permutation(len(scores))
        halves.append((scores[order[::2]], scores[order[1::2]]))
    (choose_in, judge_in), (choose_out, judge_out) = halves
    tried = np.unique(np.concatenate([choose_in, choose_out]))
    best = max(tried, key=lambda at: _bound(choose_in, choose_out, at, delta))
    low = _bound(judge_in, judge_out, best, delta)
    most = _from_rates(
        clopper_pearson(len(judge_in), len(judge_in))[0],
        clopper_pearson(0, len(judge_out))[1],
        delta,
    )
    return max(low, 0.0), max(most, 0.0)


def _from_rates(true: float, false: float, delta: float) -> float:
    return math.log((true - delta) / false) if true > delta else -math.inf


def _bound(members: np.ndarray, others: np.ndarray, at: float, delta: float) -> float:
    """The better of accusing above the threshold and of clearing below it."""
    above = int((members > at).sum()), int((others > at).sum())
    hit, alarm = clopper_pearson(above[0], len(members)), clopper_pearson(above[1], len(others))
    accuse = _from_rates(hit[0], alarm[1], delta)
    return max(accuse, _from_rates(1 - alarm[1], 1 - hit[0], delta))
