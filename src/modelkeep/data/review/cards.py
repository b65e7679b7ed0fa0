"""The queue: groups of rows as cards, those of most expected harm first.

A reviewer judges groups, not rows. A card shows the five riskiest rows, the five nearest
rows outside of the group, why the group was found, its rule, and what removing it did
when it was tried.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec
import numpy as np

from modelkeep.core import Measurement
from modelkeep.core.text import visible
from modelkeep.data.poison.interface import Context
from modelkeep.data.poison.repair import Effect, Repair, harm
from modelkeep.models import Dataset

SHOWN: Final = 5
_LONGEST: Final = 240  # characters of a row
_CELLS: Final = 14  # columns of a row


class Card(msgspec.Struct, frozen=True):
    """One group in the queue; rows are counted from 0.

    Attributes:
        id: short, made of what the group is.
        family: the threat it was found for.
        label: the label its rows carry, or are said to.
        why: one sentence.
        rule: in words; empty if none was mined.
        rows: all of them.
        suggested: the label the other rows would give each, in the same order.
        risky: the riskiest of them.
        near: the nearest rows outside.
        harm: expected harm, to order by.
        advice: ``remove`` or ``review``.
        success_before: success of the mined trigger before removal, if measured.
        success_after: the same after it.
    """

    id: str
    family: str
    label: str
    why: str
    rule: str
    rows: list[int]
    suggested: list[str]
    risky: list[int]
    near: list[int]
    harm: float
    advice: str
    success_before: Measurement | None = None
    success_after: Measurement | None = None


def make_cards(context: Context, repair: Repair) -> tuple[Card, ...]:
    """A card for every group, most expected harm first."""
    cards = [_card(context, effect) for effect in repair.effects]
    return tuple(sorted(cards, key=lambda card: (-card.harm, card.id)))


def _card(context: Context, effect: Effect) -> Card:
    group = effect.mined.group
    rows = np.asarray(group.rows)
    said = context.smoother.left_out(rows)
    own = said[np.arange(len(rows)), context.targets[rows]].copy()
    others = said.copy()
    others[np.arange(len(rows)), context.targets[rows]] = -np.inf
    order = np.argsort(own - others.max(axis=1), kind="stable")
    names = np.array(context.classes, dtype=object)
    return Card(
        id=card_id(rows, group.label),
        family=effect.family,
        label=group.label,
        why=group.why,
        rule=group.pattern.say(context.data) if group.pattern is not None else "",
        rows=rows.tolist(),
        suggested=names[others.argmax(axis=1)].tolist(),
        risky=rows[order[:SHOWN]].tolist(),
        near=nearest_outside(context, rows),
        harm=round(float(harm(effect)), 6),
        advice=effect.advice,
        success_before=effect.success_before,
        success_after=effect.success_after,
    )


def card_id(rows: np.ndarray, label: str) -> str:
    """Ten hexadecimal digits made of the rows and the label."""
    found = hashlib.sha256(np.asarray(rows, dtype="<i8").tobytes() + label.encode())
    return found.hexdigest()[:10]


def nearest_outside(context: Context, rows: np.ndarray) -> list[int]:
    """The rows outside of a group that are most like its middle."""
    middle = context.features[rows].mean(axis=0)
    apart = np.square(context.features - middle).sum(axis=1)
    apart[rows] = np.inf
    order = np.argsort(apart, kind="stable")[: min(SHOWN, len(context) - len(rows))]
    return [int(row) for row in order]


def show_row(data: Dataset, row: int, label: str = "") -> str:
    """A row as one line, with the label it carries or is said to."""
    named = visible(label or str(data.labels[row]))
    if data.kind == "text":
        said = visible(str(data.rows[row]))
    elif data.kind == "image":
        values = data.rows[row]
        said = f"image of {values.shape}, mean {values.mean():.3f}, spread {values.std():.3f}"
    else:
        cells = data.decode(data.rows[row : row + 1])[0]
        said = ", ".join(
            f"{visible(column.name)}={visible(f'{cell:g}' if not column.categories else cell)}"
            for column, cell in zip(data.columns[:_CELLS], cells[:_CELLS], strict=True)
        )
    return f"row {row} [{named}] {said[:_LONGEST]}"
