"""The median of every 3 x 3 window of a picture: lone changed pixels vanish.

Drawn as a network of minima and maxima, so that gradients lead through it and an attack
needs no stand-in.

Sources: Xu, Evans and Qi, NDSS 2018 (spatial smoothing); Smith, 1996 (19 exchanges give
the median of nine).
"""

from __future__ import annotations

from typing import Final

import msgspec

from modelkeep.core import InputError
from modelkeep.models.wrappers.graph import Draft

_EXCHANGES: Final = (
    (1, 2), (4, 5), (7, 8), (0, 1), (3, 4), (6, 7), (1, 2), (4, 5), (7, 8), (0, 3),
    (5, 8), (4, 7), (3, 6), (1, 4), (2, 5), (4, 7), (4, 2), (6, 4), (4, 2),
)  # fmt: skip
_MIDDLE: Final = 4


class Median(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="median"):
    """Windows of 3 x 3; beyond the edge, the pixels at the edge."""


def draw(draft: Draft, _wrapper: Median) -> None:
    """Take medians, then ask.

    Raises:
        InputError: the rows are no pictures of 2 x 2 or more.
    """
    if len(draft.row) != 3 or min(draft.row[1:]) < 2:  # noqa: PLR2004 - channels, height, width
        raise InputError("medians are taken of pictures (channels, height, width)")
    height, width = draft.row[1:]
    edges = draft.constant([0, 0, 1, 1, 0, 0, 1, 1], whole=True)
    padded = draft.add("Pad", draft.source, edges, mode="edge")
    axes = draft.constant([2, 3], whole=True)
    window = [
        draft.add(
            "Slice",
            padded,
            draft.constant([down, right], whole=True),
            draft.constant([down + height, right + width], whole=True),
            axes,
        )
        for down in range(3)
        for right in range(3)
    ]
    for first, second in _EXCHANGES:
        low = draft.add("Min", window[first], window[second])
        high = draft.add("Max", window[first], window[second])
        window[first], window[second] = low, high
    draft.finish(draft.ask(0, window[_MIDDLE]))
