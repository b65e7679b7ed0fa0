"""Random access to bytes that lie elsewhere, fetched in blocks as they are needed.

A reader of headers touches a few places of a file of many gigabytes; only the blocks around
them are fetched, and kept while there is room. A reader that goes straight through gets
larger and larger pieces at once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError

BLOCK: Final = 256 << 10
_KEPT: Final = 256  # blocks, 64 MiB
_AHEAD: Final = 64  # blocks at once, 16 MiB
FETCHED: Final = 1 << 30
"""Most bytes that are fetched of one file."""
Fetch = Callable[[int, int], bytes]


class RangeSource:
    """A view of ``size`` bytes that ``fetch(start, stop)`` brings.

    Attributes:
        fetched: how many bytes came so far.
    """

    def __init__(self, size: int, fetch: Fetch, limit: int = FETCHED) -> None:
        self._size, self._fetch, self._limit = size, fetch, limit
        self._blocks: OrderedDict[int, bytes] = OrderedDict()
        self._next, self._window = -1, 1
        self.fetched = 0

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``.

        Raises:
            LimitExceededError: more would be fetched than one file may cost.
            MalformedArtifactError: the bytes do not come.
        """
        end = min(offset + length, self._size)
        if not 0 <= offset < end:
            return b""
        first, last = offset // BLOCK, (end - 1) // BLOCK
        parts: list[bytes] = []
        while first + len(parts) <= last:
            parts += self._run(first + len(parts), last)
        return b"".join(parts)[offset - first * BLOCK : end - first * BLOCK]

    def _run(self, index: int, last: int) -> list[bytes]:
        """Blocks from ``index`` on: one that is kept, or as many as are fetched at once."""
        known = self._blocks.get(index)
        if known is not None:
            self._blocks.move_to_end(index)
            return [known]
        stop = index + 1
        while stop <= last and stop not in self._blocks and stop - index < _AHEAD:
            stop += 1
        if index == self._next:  # the reader goes straight on
            self._window = min(2 * self._window, _AHEAD)
            stop = max(stop, index + self._window)
        else:
            self._window = 1
        blocks = self._bring(index, min(stop, -(-self._size // BLOCK)))
        return blocks[: last - index + 1]

    def _bring(self, index: int, stop: int) -> list[bytes]:
        start, end = index * BLOCK, min(stop * BLOCK, self._size)
        self.fetched += end - start
        if self.fetched > self._limit:
            raise LimitExceededError(
                f"more than {self._limit >> 20} MiB would have to be fetched",
                "Download the file and scan it where it lies.",
            )
        data = self._fetch(start, end)
        if len(data) != end - start:
            raise MalformedArtifactError(f"only {len(data)} of {end - start} bytes came")
        blocks = [data[at : at + BLOCK] for at in range(0, len(data), BLOCK)]
        for number, block in enumerate(blocks, index):
            self._blocks[number] = block
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        self._next = stop
        return blocks
