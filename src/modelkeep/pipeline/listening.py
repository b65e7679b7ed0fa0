"""Who hears about a running job, and how far it got in bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Tell = Callable[[str], None]
Progress = Callable[[str, float], None]
Measured = Callable[[str, int, int], None]


def quiet(*_: object) -> None:
    """Tell nobody."""


@dataclass(slots=True)
class Listener:
    """Who hears about a running job.

    Attributes:
        tell: a sentence for a person.
        progress: what is going on and the share done in [0, 1].
        measured: what is being read, bytes done and bytes in all; told instead of a share.
    """

    tell: Tell = quiet
    progress: Progress = quiet
    measured: Measured = quiet
    _reading: str = ""

    @property
    def hears_bytes(self) -> bool:
        """Whether anybody wants to know how far it got."""
        return self.progress is not quiet or self.measured is not quiet

    def reads(self, name: str) -> None:
        """A file's turn has come."""
        self._reading = name

    def counting(self, total: int) -> Callable[[int], None]:
        """A function that adds up bytes and passes on how far they have come."""
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            if self.measured is not quiet:
                self.measured(self._reading, done, total)
            else:
                self.progress(self._reading, min(1.0, done / total) if total else 1.0)

        return advance
