"""From any point to one that the constraints allow, no farther from its row.

Ranges, directions, immutable and whole-number columns tighten the box around a row, so bounds
over the box hold for them exactly. Linked columns cannot be written as a box: they are
repaired point by point, and where that cannot be done inside the box they go back to what the
row had.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelkeep.assess.tabular.constraints import Constraints, integral


def tighten(
    constraints: Constraints,
    columns: tuple[str, ...],
    rows: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray]:
    """The box around each row, without what the rules of single columns forbid.

    A row's own value always stays allowed, whatever the rules say about it.

    Args:
        constraints: rules by column name.
        columns: names in order.
        rows: shape ``(n, features)`` float32.
        box: least and greatest values, each of that shape.
    """
    low, high = (side.copy() for side in box)
    for index, name in enumerate(columns):
        rule = constraints.columns.get(name)
        if rule is None:
            continue
        here = rows[:, index]
        fixed = rule.immutable or rule.kind == "categorical"
        if fixed or rule.direction == "up":
            low[:, index] = here
        if fixed or rule.direction == "down":
            high[:, index] = here
        low[:, index] = np.maximum(low[:, index], np.minimum(rule.low, here))
        high[:, index] = np.minimum(high[:, index], np.maximum(rule.high, here))
    whole = integral(constraints, columns)
    low[:, whole] = np.minimum(np.ceil(low[:, whole]), rows[:, whole])
    high[:, whole] = np.maximum(np.floor(high[:, whole]), rows[:, whole])
    return low, high


@dataclass(frozen=True, slots=True)
class Repairing:
    """Repairs points of some rows; a ``black_box.Repair``.

    Attributes:
        rows: clean rows, shape ``(n, features)``.
        low: least values of the tightened box, same shape.
        high: greatest values, same shape.
        whole: which columns hold whole numbers.
        groups: places of the columns of each one-hot group.
        sums: place of each total, and of its parts.
    """

    rows: np.ndarray
    low: np.ndarray
    high: np.ndarray
    whole: np.ndarray
    groups: tuple[np.ndarray, ...]
    sums: tuple[tuple[int, np.ndarray], ...]

    def __call__(self, points: np.ndarray, which: np.ndarray) -> np.ndarray:
        """Allowed points, shape ``(m, features)`` float32."""
        rows, low, high = self.rows[which], self.low[which], self.high[which]
        fixed = np.clip(points, low, high)
        moved = rows + np.trunc(fixed - rows)  # towards the row, so never out of the ball
        fixed = np.where(self.whole, moved, fixed)
        for group in self.groups:
            part = fixed[:, group]
            one = np.isin(part, (0.0, 1.0)).all(axis=1) & (part.sum(axis=1) == 1)
            fixed[:, group] = np.where(one[:, None], part, rows[:, group])
        for total, parts in self.sums:
            change = (fixed[:, parts] - rows[:, parts]).sum(axis=1)
            value = rows[:, total] + change
            inside = (value >= low[:, total]) & (value <= high[:, total])
            fixed[:, parts] = np.where(inside[:, None], fixed[:, parts], rows[:, parts])
            fixed[:, total] = np.where(inside, value, rows[:, total])
        return np.asarray(fixed, dtype=np.float32)


def repairing(
    constraints: Constraints,
    columns: tuple[str, ...],
    rows: np.ndarray,
    box: tuple[np.ndarray, np.ndarray],
) -> Repairing:
    """What repairs points of these rows within their boxes."""
    place = {name: index for index, name in enumerate(columns)}
    low, high = tighten(constraints, columns, rows, box)
    groups = tuple(np.array([place[n] for n in g.columns]) for g in constraints.one_hot)
    sums = tuple(
        (place[rule.total], np.array([place[n] for n in rule.parts]))
        for rule in constraints.sum
    )
    return Repairing(rows, low, high, integral(constraints, columns), groups, sums)
