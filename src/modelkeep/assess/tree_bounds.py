"""What is certain about trees within a box: proven, broken, or not settled within the budget.

Within a box each tree can only reach some of its leaves, and leaves of different trees go
together only where their own boxes meet. Two stages, for each wrong class:

1. A bound. Trees are merged into groups: the sets of leaves, one of each tree, whose boxes
   meet (cliques), as long as a group stays small. The sum over groups of the best set is no
   less than the best margin there is. Below zero proves the row.
2. A search. Sets are built tree by tree, best first, and dropped as soon as the trees left
   cannot lift them to zero. A set of all trees above zero is a box of adversarial points; none
   left proves the row. Its budget is a number of sets.

Sources: Chen et al., NeurIPS 2019 (robustness verification of tree ensembles by cliques); the
groups of varying size and the search with their bounds are ours.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models import TreeEnsemble
from modelkeep.models.trees import LEAF

_MOST_CELLS: Final = 60_000_000  # numbers in the table of leaves' boxes
_GROUP: Final = 256  # most cliques of a group
_BATCH: Final = 256  # sets extended at a time
_ROUNDING: Final = 1e-5  # of the sum of leaves: libraries add up in float32


class Fate(enum.Enum):
    """What is known about a row within its box."""

    PROVEN = "proven"
    BROKEN = "broken"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Leaves:
    """Every leaf of an ensemble with the box of rows that reach it.

    Attributes:
        tree: which tree a leaf belongs to, shape ``(leaves,)``.
        value: what it adds to each class, shape ``(leaves, classes)``.
        low: least values, shape ``(leaves, features)`` float32.
        high: greatest values, same shape.
        start: score of each class before any tree.
    """

    tree: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    start: np.ndarray


def leaves_of(trees: TreeEnsemble, whole: np.ndarray | None = None) -> Leaves:
    """The boxes of all leaves.

    Args:
        trees: of the model.
        whole: which columns hold whole numbers only; boxes end at such numbers there.

    Raises:
        InputError: there are too many.
    """
    count = int((trees.feature == LEAF).sum())
    if count * trees.features > _MOST_CELLS:
        raise InputError(f"{count} leaves on {trees.features} columns are too many to bound")
    found: list[tuple[int, int]] = []
    lows: list[np.ndarray] = []
    highs: list[np.ndarray] = []
    open_box = np.full(trees.features, np.inf, dtype=np.float32)
    for number, root in enumerate(trees.roots):
        stack = [(int(root), -open_box, open_box)]
        while stack:
            node, low, high = stack.pop()
            column = int(trees.feature[node])
            if column == LEAF:
                found.append((number, node))
                lows.append(low)
                highs.append(high)
                if len(found) > count:
                    raise InputError("a node of the trees has two parents")
                continue
            cut = trees.threshold[node]
            left, right = high.copy(), low.copy()
            left[column] = min(high[column], cut)
            right[column] = max(low[column], np.nextafter(cut, np.float32(np.inf)))
            stack.append((int(trees.right[node]), right, high))
            stack.append((int(trees.left[node]), low, left))
    tree, node_of = np.array(found).T
    low, high = np.stack(lows), np.stack(highs)
    if whole is not None:
        low[:, whole], high[:, whole] = np.ceil(low[:, whole]), np.floor(high[:, whole])
    return Leaves(tree, trees.value[node_of], low, high, np.asarray(trees.start))


@dataclass(frozen=True, slots=True)
class _Sets:
    """Sets of leaves whose boxes meet: what they add, and where they meet."""

    value: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def meet(self, other: _Sets) -> _Sets:
        """Every set of one with every set of the other that meets it."""
        low = np.maximum(self.low[:, None], other.low[None])
        high = np.minimum(self.high[:, None], other.high[None])
        first, second = np.nonzero((low <= high).all(axis=2))
        value = self.value[first] + other.value[second]
        return _Sets(value, low[first, second], high[first, second])

    def take(self, chosen: np.ndarray) -> _Sets:
        """Some of them."""
        return _Sets(self.value[chosen], self.low[chosen], self.high[chosen])


def settle(
    leaves: Leaves, row: np.ndarray, box: tuple[np.ndarray, np.ndarray], truth: int, sets: int
) -> tuple[Fate, np.ndarray]:
    """Decide whether any row in a box is answered as another class.

    Args:
        leaves: of the model.
        row: the clean row, shape ``(features,)`` float32.
        box: least and greatest values, each shape ``(features,)`` float32.
        truth: the right class.
        sets: most sets of leaves that are looked at for one wrong class.

    Returns:
        The row's fate, and a row in the box that is answered wrongly, or ``row``.
    """
    low, high = box
    reached = ((leaves.low <= high) & (leaves.high >= low)).all(axis=1)
    reached &= (leaves.low <= leaves.high).all(axis=1)  # a leaf may hold no whole number
    moved = np.flatnonzero(high > low)
    inside = np.flatnonzero(reached)
    tree = leaves.tree[inside]
    # a column that no reached leaf cuts cannot tell leaves apart
    cuts = (leaves.low[np.ix_(inside, moved)] > low[moved]).any(axis=0)
    cuts |= (leaves.high[np.ix_(inside, moved)] < high[moved]).any(axis=0)
    used = moved[cuts]
    lows = np.maximum(leaves.low[np.ix_(inside, used)], low[used])
    highs = np.minimum(leaves.high[np.ix_(inside, used)], high[used])
    starts = np.flatnonzero(np.diff(tree, prepend=-1))
    fate = Fate.PROVEN
    for target in range(leaves.value.shape[1]):
        if target == truth:
            continue
        gain = leaves.value[inside, target] - leaves.value[inside, truth]
        first = float(leaves.start[target] - leaves.start[truth])
        members = [
            _Sets(gain[a:b], lows[a:b], highs[a:b])
            for a, b in zip(starts, [*starts[1:], len(tree)], strict=True)
        ]
        slack = _ROUNDING * (np.abs(gain).max(initial=0.0) * len(members) + abs(first))
        found, where = _best(members, first, slack, sets)
        if where is not None:
            point = row.copy()
            point[used] = np.clip(row[used], where[0], where[1])
            return Fate.BROKEN, point
        if found is Fate.UNSETTLED:
            fate = found
    return fate, row


def _best(
    members: list[_Sets], first: float, slack: float, sets: int
) -> tuple[Fate, tuple[np.ndarray, np.ndarray] | None]:
    """Whether some set of one leaf of each tree lies above zero; where, if so."""
    base = first + sum(float(m.value[0]) for m in members if len(m.value) == 1)
    open_ones = sorted((m for m in members if len(m.value) > 1), key=_spread, reverse=True)
    groups = _grouped(open_ones)
    rest = np.cumsum([0.0, *(float(g.value.max()) for g in reversed(groups))])[::-1]
    if base + rest[0] < -slack:
        return Fate.PROVEN, None
    if not groups:  # nothing can move, and the row was answered rightly
        return Fate.PROVEN, None
    stack = [(1, _promising(groups[0], base + rest[1], -slack))]
    seen = doubtful = 0
    while stack:
        depth, partial = stack.pop()
        if depth == len(groups):
            best = int(partial.value.argmax()) if len(partial.value) else -1
            if best >= 0 and base + partial.value[best] > slack:
                return Fate.BROKEN, (partial.low[best], partial.high[best])
            doubtful += len(partial.value)
            continue
        if len(partial.value) > _BATCH:
            stack.append((depth, partial.take(np.arange(_BATCH, len(partial.value)))))
            partial = partial.take(np.arange(_BATCH))
        met = partial.meet(groups[depth])
        seen += len(met.value)
        if seen > sets:
            return Fate.UNSETTLED, None
        stack.append((depth + 1, _promising(met, base + rest[depth + 1], -slack)))
    return (Fate.UNSETTLED if doubtful else Fate.PROVEN), None


def _spread(member: _Sets) -> float:
    return float(np.ptp(member.value))


def _grouped(members: list[_Sets]) -> list[_Sets]:
    """Trees merged, each with the next, while the group stays small."""
    groups: list[_Sets] = []
    for member in members:
        if groups:
            met = groups[-1].meet(member)
            if len(met.value) <= _GROUP:
                groups[-1] = met
                continue
        groups.append(member)
    return groups


def _promising(sets: _Sets, rest: float, least: float) -> _Sets:
    """Sets that what is left can still lift above ``least``, the best first."""
    chosen = np.flatnonzero(sets.value + rest >= least)
    return sets.take(chosen[np.argsort(-sets.value[chosen], kind="stable")])
