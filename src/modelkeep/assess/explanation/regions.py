"""Square regions of pictures: what single pixels do is too fine to compare or to read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

_ACROSS: Final = 8  # regions along the shorter side, about


@dataclass(frozen=True, slots=True)
class Regions:
    """A grid over pictures.

    Attributes:
        height: of the picture, pixels.
        width: of the picture.
        side: of a region; the last of a line may be smaller.
    """

    height: int
    width: int
    side: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of regions."""
        return -(-self.height // self.side), -(-self.width // self.side)

    def slices(self) -> list[tuple[slice, slice]]:
        """Pixels of every region, row by row."""
        down, across = self.shape
        return [
            (
                slice(y * self.side, min(self.height, (y + 1) * self.side)),
                slice(x * self.side, min(self.width, (x + 1) * self.side)),
            )
            for y in range(down)
            for x in range(across)
        ]

    def names(self) -> list[str]:
        """Such as ``rows 0-1, columns 6-7``."""
        return [
            f"rows {_span(rows)}, columns {_span(across)}" for rows, across in self.slices()
        ]

    def sums(self, pixels: np.ndarray) -> np.ndarray:
        """Sums over regions: ``(..., height, width)`` to ``(..., regions)``."""
        down = np.add.reduceat(pixels, np.arange(0, self.height, self.side), axis=-2)
        both = np.add.reduceat(down, np.arange(0, self.width, self.side), axis=-1)
        return np.asarray(both.reshape(*pixels.shape[:-2], -1))


def _span(part: slice) -> str:
    last = part.stop - 1
    return str(part.start) if last == part.start else f"{part.start}-{last}"


def regions_of(rows: np.ndarray) -> Regions:
    """The grid for pictures ``(n, channels, height, width)``."""
    height, width = rows.shape[-2:]
    return Regions(height, width, max(1, min(height, width) // _ACROSS))
