"""What the rows of a group share, as a rule that finds, stamps and removes.

A pattern is a few terms that hold together: a column within a range, one category, a
phrase of consecutive words, a character, a pixel within a range, something laid over an
image. It can tell which rows of any data set it covers, say itself in words, and be
stamped onto other rows, which is how the backdoor it triggers is measured.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np

from modelkeep.core.text import visible
from modelkeep.data.poison.canvas import flatten
from modelkeep.data.poison.views import WORDS
from modelkeep.models import Dataset


@dataclass(frozen=True, slots=True)
class Range:
    """A column of a table between two values, both included."""

    column: int
    low: float
    high: float

    def covers(self, data: Dataset) -> np.ndarray:
        """Rows within the range."""
        values = data.rows[:, self.column]
        return np.asarray((values >= self.low) & (values <= self.high))

    def stamp(self, rows: np.ndarray) -> None:
        """Set the column to the middle of the range, or to its one value."""
        rows[:, self.column] = (self.low + self.high) / 2

    def say(self, data: Dataset) -> str:
        """Such as ``age in [20, 25]`` or ``city == 'Ulm'``."""
        column = data.columns[self.column]
        name = visible(column.name)
        if column.categories:
            return f"{name} == {visible(column.categories[int(self.low)])!r}"
        if self.low == self.high:
            return f"{name} == {self.low:g}"
        return f"{name} in [{self.low:g}, {self.high:g}]"


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other in a text."""

    words: tuple[str, ...]

    def covers(self, data: Dataset) -> np.ndarray:
        """Texts that hold the phrase."""
        want = f" {' '.join(self.words)} "
        joined = (f" {' '.join(re.findall(WORDS, text))} " for text in data.rows)
        return np.array([want in text for text in joined], dtype=bool)

    def stamp(self, rows: np.ndarray) -> None:
        """Put the phrase in front."""
        rows[:] = [f"{' '.join(self.words)} {text}" for text in rows]

    def say(self, _data: Dataset) -> str:
        """Such as ``the text has 'once upon'``."""
        return f"the text has {visible(' '.join(self.words))!r}"


@dataclass(frozen=True, slots=True)
class Character:
    """One character anywhere in a text."""

    character: str

    def covers(self, data: Dataset) -> np.ndarray:
        """Texts that hold it."""
        return np.array([self.character in text for text in data.rows], dtype=bool)

    def stamp(self, rows: np.ndarray) -> None:
        """Put it in front."""
        rows[:] = [self.character + text for text in rows]

    def say(self, _data: Dataset) -> str:
        """Such as ``the text has the character U+200B``."""
        return f"the text has the character U+{ord(self.character):04X}"


@dataclass(frozen=True, slots=True)
class Pixel:
    """A pixel of an image between two values."""

    channel: int
    down: int
    across: int
    low: float
    high: float

    def covers(self, data: Dataset) -> np.ndarray:
        """Images whose pixel lies within the range."""
        values = data.rows[:, self.channel, self.down, self.across]
        return np.asarray((values >= self.low) & (values <= self.high))

    def stamp(self, rows: np.ndarray) -> None:
        """Set the pixel to the middle of the range."""
        rows[:, self.channel, self.down, self.across] = (self.low + self.high) / 2

    def say(self, _data: Dataset) -> str:
        """Such as ``pixel (27, 3) in [0.9, 1]``."""
        return f"pixel ({self.down}, {self.across}) in [{self.low:.3g}, {self.high:.3g}]"


@dataclass(frozen=True, slots=True, eq=False)
class Overlay:
    """Something laid over a whole image.

    Attributes:
        pattern: what is added, shape ``(channels, height, width)``.
        sees: weights of the pixels of ``canvas.flatten`` that tell it best, ``(pixels,)``.
        least: weighted sum from which an image holds it.
    """

    pattern: np.ndarray
    sees: np.ndarray
    least: float

    def covers(self, data: Dataset) -> np.ndarray:
        """Images that hold it."""
        return np.asarray(flatten(data.rows) @ self.sees >= self.least)

    def stamp(self, rows: np.ndarray) -> None:
        """Lay it over, within [0, 1]."""
        rows[:] = np.clip(rows + self.pattern, 0, 1)

    def say(self, _data: Dataset) -> str:
        """Where it is strongest."""
        strength = np.abs(self.pattern).max(axis=0)
        down, across = np.nonzero(strength >= strength.max() / 2)
        return (
            f"a pattern of up to {strength.max():.2g} laid over, strongest in the area rows "
            f"{down.min()}-{down.max()}, columns {across.min()}-{across.max()}"
        )


Term = Range | Phrase | Character | Pixel | Overlay


@dataclass(frozen=True, slots=True)
class Pattern:
    """Terms that hold together."""

    terms: tuple[Term, ...]

    def covers(self, data: Dataset) -> np.ndarray:
        """Which rows all terms hold for, boolean ``(n,)``."""
        return np.asarray(np.logical_and.reduce([term.covers(data) for term in self.terms]))

    def stamped(self, data: Dataset) -> Dataset:
        """The same rows with the pattern put on every one."""
        rows = data.rows.copy()
        for term in self.terms:
            term.stamp(rows)
        return replace(data, rows=rows)

    def say(self, data: Dataset) -> str:
        """The rule in words; an area of many pixels by its corners."""
        pixels = [term for term in self.terms if isinstance(term, Pixel)]
        if len(pixels) > 3:  # noqa: PLR2004 - a list nobody reads
            down = [pixel.down for pixel in pixels]
            across = [pixel.across for pixel in pixels]
            return (
                f"{len(pixels)} pixels in the area rows {min(down)}-{max(down)}, "
                f"columns {min(across)}-{max(across)}, each within its range"
            )
        return " and ".join(term.say(data) for term in self.terms)
