"""From the tags of rows as sealed and as they are now to the rows that differ.

Most rows stand where they stood, or a little further. Rows whose tag ends in zeros and
occurs once on each side are anchors; what lies between two anchors is compared as a whole,
and only the rows of stretches that differ are matched one by one. What is left over was
changed if it stands at the same place between the same neighbours, else it is missing or
extra. Sums over rows are never compared: swapping a column between two rows can leave them
as they were.

Source: the anchors are those of patience diff, chosen by content as in content-defined
chunking.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

_LARGE: Final = 1_000_000
_PARTS: Final = 32
_ANCHOR: Final = np.uint64(1023)  # one row in so many, on average, can be an anchor
_FEW: Final = np.uint64(0xFFFF)


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


@dataclass(frozen=True, slots=True)
class _Rest:
    """Rows of stretches that differ: their numbers and tags on both sides, in order."""

    gone: np.ndarray
    left: np.ndarray
    come: np.ndarray
    right: np.ndarray


def compare_rows(old: np.ndarray, new: np.ndarray) -> RowDifference:
    """Compare tags, shapes ``(rows sealed,)`` and ``(rows now,)``, uint64.

    Which of several equal rows is the one too many cannot be known; the choice that
    leaves the others in their order is taken.
    """
    rest = _rest(old, new)
    left, right = rest.left, rest.right
    alone = _match(left, right, last=True)
    moved = int((left[~alone[0]] != right[~alone[1]]).sum())
    if moved:
        other = _match(left, right, last=False)
        fewer = int((left[~other[0]] != right[~other[1]]).sum())
        if fewer < moved:
            alone, moved = other, fewer
    if len(old) == len(new):
        places = _differing(old, new)
        if len(places) <= moved + int(alone[0].sum()) + int(alone[1].sum()):
            return _in_place(old, new, places)
    return _describe(old, rest, alone)


def _differing(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    found = [
        np.flatnonzero(old[first : first + _LARGE] != new[first : first + _LARGE]) + first
        for first in range(0, len(old), _LARGE)
    ]
    return np.concatenate([np.zeros(0, np.int64), *found])


def _rest(old: np.ndarray, new: np.ndarray) -> _Rest:
    """The rows outside of the stretches that are the same on both sides."""
    gone, come = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    ends = [(0, 0), *_anchors(old, new), (len(old), len(new))]
    for (first, start), (last, end) in pairwise(ends):
        left, right = old[first:last], new[start:end]
        if np.array_equal(left, right):
            continue
        head = _common_prefix(left, right)
        tail = _common_prefix(left[head:][::-1], right[head:][::-1])
        gone.append(np.arange(first + head, last - tail))
        come.append(np.arange(start + head, end - tail))
    rows, others = np.concatenate(gone), np.concatenate(come)
    return _Rest(rows, np.asarray(old[rows]), others, np.asarray(new[others]))


def _anchors(old: np.ndarray, new: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of rows with the same tag, ascending on both sides."""
    there = _single(old)
    pairs = [(row, there[tag]) for tag, row in _single(new).items() if tag in there]
    # Longest run that ascends on both sides: least end of every length, and how it began.
    ends: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, (_, row) in enumerate(pairs):
        place = bisect_left(ends, row)
        before.append(at[place - 1] if place else -1)
        ends[place : place + 1] = [row]
        at[place : place + 1] = [index]
    found = []
    index = at[-1] if at else -1
    while index >= 0:
        row, first = pairs[index]
        found.append((first, row))
        index = before[index]
    return found[::-1]


def _single(tags: np.ndarray) -> dict[int, int]:
    """Tags that can be anchors and occur once, with their rows, ascending by row."""
    rows = np.concatenate(
        [np.zeros(0, np.int64)]
        + [
            np.flatnonzero((tags[first : first + _LARGE] & _ANCHOR) == 0) + first
            for first in range(0, len(tags), _LARGE)
        ]
    )
    _, places, times = np.unique(tags[rows], return_index=True, return_counts=True)
    once = np.sort(rows[places[times == 1]])
    return dict(zip(tags[once].tolist(), once.tolist(), strict=True))


def _in_place(old: np.ndarray, new: np.ndarray, places: np.ndarray) -> RowDifference:
    """No row came or went: each place that differs was overwritten or changed places."""
    _, come = _match(np.asarray(old[places]), np.asarray(new[places]), last=True)
    none = np.zeros(0, np.int64)
    return RowDifference(places[come], none, none, none, places[~come])


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


def _among(few: np.ndarray, many: np.ndarray) -> np.ndarray:
    """Which of a few tags occur among many, without sorting the many."""
    if not len(few):
        return np.zeros(0, bool)
    likely = np.zeros(int(_FEW) + 1, bool)
    likely[(few & _FEW).astype(np.int64)] = True
    seen = []
    for first in range(0, len(many), _LARGE):
        part = many[first : first + _LARGE]
        part = part[likely[(part & _FEW).astype(np.int64)]]
        seen.append(part[np.isin(part, few)])
    found: np.ndarray = np.isin(few, np.concatenate([np.zeros(0, np.uint64), *seen]))
    return found


def _describe(
    old: np.ndarray, rest: _Rest, alone: tuple[np.ndarray, np.ndarray]
) -> RowDifference:
    gone, come = rest.gone[alone[0]], rest.come[alone[1]]
    # A gap is the number of matched rows before a row: equal gaps are the same place.
    gaps_gone = gone - np.arange(len(gone))
    gaps_come = come - np.arange(len(come))
    known = _among(rest.right[alone[1]], old)
    fresh, fresh_gaps = come[~known], gaps_come[~known]
    rank_gone = np.arange(len(gone)) - np.searchsorted(gaps_gone, gaps_gone, "left")
    rank_fresh = np.arange(len(fresh)) - np.searchsorted(fresh_gaps, fresh_gaps, "left")
    room_gone = np.searchsorted(fresh_gaps, gaps_gone, "right") - np.searchsorted(
        fresh_gaps, gaps_gone, "left"
    )
    room_fresh = np.searchsorted(gaps_gone, fresh_gaps, "right") - np.searchsorted(
        gaps_gone, fresh_gaps, "left"
    )
    moved = rest.left[~alone[0]] != rest.right[~alone[1]]
    return RowDifference(
        changed=fresh[rank_fresh < room_fresh],
        missing=gone[rank_gone >= room_gone],
        extra=fresh[rank_fresh >= room_fresh],
        duplicated=come[known],
        reordered=rest.come[~alone[1]][moved],
    )
