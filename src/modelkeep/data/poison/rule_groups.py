"""Groups judged by a model that saw none of their rows.

A candidate's rows are left out of the model's training, all of them, and the model then
says what they should be. Natural groups stay what they are; backdoor rows turn back into
what they were. The evidence is that of a binomial likelihood ratio, in nats, and counts
beyond what the best of so many candidates would show by accident.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context, Group
from modelkeep.data.poison.mixing import mixes_elsewhere
from modelkeep.data.poison.rule_search import Candidate, surprise

BEYOND_DOUBT: Final = 12.0  # nats, after the number of candidates is paid for
EFFECT: Final = 0.5  # nats per row; a group of less is a hard region, not an attack
_SAME: Final = 0.7  # overlap from which two groups are one
_PURE: Final = 0.65
_MOST_GROUPS: Final = 40
_USUAL: Final = 0.15  # share of a class that a group may be expected to hold, at least
_LIKE: Final = 0.4  # what a group counts that belongs to its class by all else as well
_OF_ROWS: Final = 0.12  # more of all rows picked within a class are half a class
_OF_CLASS: Final = 0.5  # a group of more of its class is the class itself


def judge(context: Context, candidate: Candidate) -> float:
    """Evidence that the rows' label is against what all other rows say.

    Rows that a rule or a cluster of all classes picked: nats of the likelihood ratio.
    Rows picked within one class are of that class by construction, and the ratio means
    nothing. What counts there is how many rows support each other only: those whose label
    is denied when all are left out, less those for whom it is when each is left out alone.
    """
    rows, label = candidate.rows, candidate.label
    if candidate.within_class:
        together = _denied(context.smoother.left_out(rows), label)
        alone = _denied(context.smoother.left_one_out[rows], label)
        return 2 * float((together - alone).sum())
    share = float((context.targets[rows] == label).mean())
    expected = _expected(context, candidate)
    counts = np.array([float(len(rows))])
    return float(surprise(np.array([share]), np.array([expected]), counts)[0])


def judge_candidates(context: Context, candidates: Iterable[Candidate]) -> tuple[Group, ...]:
    """The candidates that stand, strongest first, without near copies.

    Their strength is what is left of the evidence after the logarithm of the number of
    candidates (a bound on the best of that many accidents).
    """
    judged = []
    sizes = np.bincount(context.targets, minlength=len(context.classes))
    for count, candidate in enumerate(candidates, 1):
        own = context.targets[candidate.rows] == candidate.label
        small = len(own) <= _OF_ROWS * len(context) or not candidate.within_class
        if small and own.mean() >= _PURE and own.sum() <= _OF_CLASS * sizes[candidate.label]:
            judged.append((judge(context, candidate), count, candidate))
    price = np.log(max(len(judged), 1)) + np.log(10)
    judged.sort(key=lambda entry: (-entry[0], entry[1]))
    kept: list[Group] = []
    for nats, _, candidate in judged:
        if nats <= price or len(kept) == _MOST_GROUPS:
            break
        if any(_overlap(candidate.rows, group.rows) > _SAME for group in kept):
            continue
        kept.append(_group(context, candidate, float(nats - price)))
    return tuple(kept)


def _expected(context: Context, candidate: Candidate) -> float:
    """The share of the label that a model without the rows expects."""
    said = context.smoother.left_out(candidate.rows)[:, candidate.label]
    return float(np.clip(said, 0, 1).mean())


def _denied(said: np.ndarray, label: int) -> np.ndarray:
    """How far another class is ahead of ``label``, in [0, 1]."""
    others = said.copy()
    others[:, label] = -np.inf
    return np.asarray(np.clip(others.max(axis=1) - said[:, label], 0, 1))


def _overlap(one: np.ndarray, other: np.ndarray) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / min(len(one), len(other))


def _group(context: Context, candidate: Candidate, strength: float) -> Group:
    expected = _expected(context, candidate)
    usual = max(float((context.targets == candidate.label).mean()), _USUAL)
    name = context.classes[candidate.label]
    share = (context.targets[candidate.rows] == candidate.label).mean()
    unlike = expected < usual and mixes_elsewhere(context, candidate)
    return Group(
        candidate.rows,
        name,
        f"{share:.0%} of {len(candidate.rows)} rows are {name!r}; a model that saw none of "
        f"them expects {expected:.0%}",
        candidate.pattern,
        strength,
        unlike,
    )


def is_beyond_doubt(group: Group) -> bool:
    """Enough evidence, altogether and in each row, of rows that belong elsewhere."""
    enough = group.strength >= BEYOND_DOUBT and group.strength >= EFFECT * len(group.rows)
    return enough and group.unlike


def spread(context: Context, groups: Iterable[Group]) -> np.ndarray:
    """Score of each row: nats per row of the group that pushes it to its label most.

    Per row, because a large natural group has much evidence, but little in each row. A
    group that no rule bounds holds rows that only lie nearby: each counts as far as the
    model that saw none of the group denies its label.
    """
    values = np.zeros(len(context))
    for group in groups:
        place = context.classes.index(group.label)
        rows = group.rows[context.targets[group.rows] == place]
        nats = np.full(len(rows), group.strength / len(group.rows))
        nats *= 1 if group.unlike else _LIKE
        if group.pattern is None:
            if not is_beyond_doubt(group):
                continue
            said = context.smoother.left_out(group.rows)[np.isin(group.rows, rows)]
            nats *= _denied(said, place)
        values[rows] = np.maximum(values[rows], nats)
    return values
