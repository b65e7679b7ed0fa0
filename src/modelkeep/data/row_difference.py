"""From the tags of rows as sealed and as they are now to the rows that differ.

Rows present on both sides are matched in order; what is left over was changed if it
stands at the same place between the same neighbours, else it is missing or extra. Sums
over rows are never compared: swapping a column between two rows can leave them as they
were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_LARGE: Final = 1_000_000
_PARTS: Final = 32


@dataclass(frozen=True, slots=True)
class RowDifference:
    """Row numbers, ascending, each of shape ``(rows,)``.

    Those of ``missing`` are as sealed, all others as the rows are now.
    """

    changed: np.ndarray
    missing: np.ndarray
    extra: np.ndarray
    duplicated: np.ndarray
    reordered: np.ndarray


def compare_rows(old: np.ndarray, new: np.ndarray) -> RowDifference:
    """Compare tags, shapes ``(rows sealed,)`` and ``(rows now,)``, uint64.

    Which of several equal rows is the one too many cannot be known; the choice that
    leaves the others in their order is taken.
    """
    head = _common_prefix(old, new)
    tail = _common_prefix(old[head:][::-1], new[head:][::-1])
    left, right = old[head : len(old) - tail], new[head : len(new) - tail]
    alone = _match(left, right, last=True)
    moved = int(_moved(left[~alone[0]], right[~alone[1]]).sum())
    if moved:
        other = _match(left, right, last=False)
        if int(_moved(left[~other[0]], right[~other[1]]).sum()) < moved:
            alone = other
            moved = int(_moved(left[~alone[0]], right[~alone[1]]).sum())
    if len(left) == len(right):
        places = np.flatnonzero(_moved(left, right))
        if len(places) <= moved + int(alone[0].sum()) + int(alone[1].sum()):
            return _in_place(left, right, places, head)
    return _describe(old, head, (left, right), alone)


def _in_place(
    left: np.ndarray, right: np.ndarray, places: np.ndarray, head: int
) -> RowDifference:
    """No row came or went: each place that differs was overwritten or changed places."""
    _, come = _match(left[places], right[places], last=True)
    none = np.zeros(0, np.int64)
    return RowDifference(places[come] + head, none, none, none, places[~come] + head)


def _common_prefix(left: np.ndarray, right: np.ndarray) -> int:
    shorter = min(len(left), len(right))
    differs = left[:shorter] != right[:shorter]
    return int(differs.argmax()) if differs.any() else shorter


def _match(left: np.ndarray, right: np.ndarray, *, last: bool) -> tuple[np.ndarray, np.ndarray]:
    """Which rows have no partner; of equal ones, the last or the first are left over."""
    return _unpaired(left, right, last=last), _unpaired(right, left, last=last)


def _unpaired(these: np.ndarray, those: np.ndarray, *, last: bool) -> np.ndarray:
    if not last:
        turned: np.ndarray = _unpaired(these[::-1], those[::-1], last=True)[::-1]
        return turned
    alone = np.zeros(len(these), bool)
    parts = 1 if len(these) + len(those) < _LARGE else _PARTS
    for part in range(parts):  # by the tags' last bits, so that memory stays bounded
        mask = np.uint64(parts - 1)
        own = np.flatnonzero((these & mask) == part)
        others = np.sort(those[(those & mask) == part])
        order = np.argsort(these[own], kind="stable")
        ranked = these[own][order]
        nth = np.arange(len(ranked)) - np.searchsorted(ranked, ranked, "left")
        there = np.searchsorted(others, ranked, "right")
        there -= np.searchsorted(others, ranked, "left")
        alone[own[order]] = nth >= there
    return alone


def _moved(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    moved: np.ndarray = left != right
    return moved


def _among(few: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Which of a few tags occur among many, without sorting the many."""
    if not len(few):
        return np.zeros(0, bool)
    ranked = np.sort(few)
    seen = np.zeros(len(few), bool)
    for first in range(0, len(many), _LARGE):
        part = many[first : first + _LARGE]
        places = np.minimum(np.searchsorted(ranked, part), len(ranked) - 1)
        seen[places[ranked[places] == part]] = True
    found: np.ndarray = np.isin(few, ranked[seen])
    return found


def _describe(
    old: np.ndarray,
    head: int,
    parts: tuple[np.ndarray, np.ndarray],
    alone: tuple[np.ndarray, np.ndarray],
) -> RowDifference:
    left, right = parts
    gone, come = (np.flatnonzero(mask) for mask in alone)
    # A gap is the number of matched rows before a row: equal gaps are the same place.
    gaps_gone = gone - np.arange(len(gone))
    gaps_come = come - np.arange(len(come))
    known = _among(right[come], old)
    fresh, fresh_gaps = come[~known], gaps_come[~known]
    rank_gone = np.arange(len(gone)) - np.searchsorted(gaps_gone, gaps_gone, "left")
    rank_fresh = np.arange(len(fresh)) - np.searchsorted(fresh_gaps, fresh_gaps, "left")
    room_gone = np.searchsorted(fresh_gaps, gaps_gone, "right") - np.searchsorted(
        fresh_gaps, gaps_gone, "left"
    )
    room_fresh = np.searchsorted(gaps_gone, fresh_gaps, "right") - np.searchsorted(
        gaps_gone, fresh_gaps, "left"
    )
    moved = _moved(left[~alone[0]], right[~alone[1]])
    places = np.flatnonzero(~alone[1])[moved] if moved.any() else np.zeros(0, np.int64)
    return RowDifference(
        changed=fresh[rank_fresh < room_fresh] + head,
        missing=gone[rank_gone >= room_gone] + head,
        extra=fresh[rank_fresh >= room_fresh] + head,
        duplicated=come[known] + head,
        reordered=places + head,
    )
