"""What was put into the containers of a pickle lately: enough to know a state, never much.

Contents are kept for two generations of a fixed size and then dropped. Whoever must not
take a dropped container for an empty one asks for the names of the dropped to be kept.
"""

from __future__ import annotations

import bisect
from array import array
from typing import Final

_GENERATION: Final = 100_000  # values
_OVERHEAD: Final = 8  # values that an entry of its own is worth


class Recent:
    """Contents of containers, by the value that stands for each."""

    def __init__(self, *, remember_dropped: bool) -> None:
        self._young: dict[int, array[int]] = {}
        self._old: dict[int, array[int]] = {}
        self._held = 0
        self._dropped: list[array[int]] | None = [] if remember_dropped else None

    def add(self, container: int, items: list[int]) -> None:
        """Note what was put into a container."""
        known = self._young.get(container)
        if known is None:
            known = self._young[container] = array("q")
        known.extend(items)
        self._held += len(items) + _OVERHEAD
        if self._held > _GENERATION:
            if self._dropped is not None:
                self._dropped.append(array("q", sorted(self._old)))
            self._old, self._young, self._held = self._young, {}, 0

    def get(self, container: int) -> array[int] | None:
        """What is known to be in a container, ``None`` where nothing is."""
        young, old = self._young.get(container), self._old.get(container)
        return old + young if young is not None and old is not None else young or old

    def has_dropped(self, container: int) -> bool:
        """Whether some of a container's contents are no longer known."""
        for generation in self._dropped or ():
            place = bisect.bisect_left(generation, container)
            if place < len(generation) and generation[place] == container:
                return True
        return False
