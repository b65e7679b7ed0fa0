"""What every reader shares: its one shape, budgets, and a bounded view of bytes.

A reader never loads or imports what it reads. It works on a ``Source``, an
object with ``size`` and ``read(offset, length)``, so that a member of an archive and a
20 GiB file on disk look the same and nothing is read whole.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar, cast

from modelkeep.core import LimitExceededError, MalformedArtifactError

HEAD: Final = 4096
"""Bytes at the start by which most formats are told."""
TEXT_FIRST: Final = bytes(range(9, 128)) + bytes(range(0xC2, 0xF5))
"""Bytes a text in UTF-8 can begin with; a NUL is left to those who read UTF-16 and UTF-32."""
WIDE_TEXT_FIRST: Final = bytes([0, *TEXT_FIRST, 0xFE, 0xFF])
"""The same for a text in any encoding of Unicode."""
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True)
class Limits:
    """Budgets of one file, members included; a spent budget is INCONCLUSIVE."""

    member_bytes: int = 256 * 2**20
    """Most uncompressed bytes of one archive member that are held."""
    unpacked_bytes: int = 4 * 2**30
    """Most uncompressed bytes of all members of one file."""
    ratio: int = 1100
    """Most uncompressed bytes per compressed byte; deflate itself ends at 1032."""
    depth: int = 8
    """Deepest nesting: archive in archive, message in message, JSON in JSON."""
    entries: int = 100_000
    """Most members, tensors or graph nodes."""
    operations: int = 20_000_000
    """Most steps of a reader that counts them: values of a document, symbols of a text."""
    values: int = 40_000_000
    """Most words of 8 bytes that a pickle's memo, stack and tuples may take."""
    header_bytes: int = 100 * 2**20
    """Longest header that is parsed as a whole."""
    seconds: float = 60.0
    """Most CPU time for one file."""
    memory_bytes: int = 2 * 2**30
    """Most memory a worker process may take for one file."""


class Source(Protocol):
    """Random access to bytes without holding them all."""

    @property
    def size(self) -> int:
        """Length in bytes."""

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``; fewer only at the end."""


@dataclass(frozen=True, slots=True)
class MemorySource:
    """Bytes already at hand, such as an unpacked archive member."""

    data: bytes

    @property
    def size(self) -> int:
        """Length in bytes."""
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        return self.data[offset : offset + length] if offset >= 0 <= length else b""


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes ``[start, start + length)`` of another source."""

    parent: Source
    start: int
    length: int

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self.length

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        if offset < 0:
            return b""
        return self.parent.read(self.start + offset, max(0, min(length, self.length - offset)))


class Preview:
    """A source while formats look at it: its beginning is at hand, shared work done once."""

    __slots__ = ("_made", "_source", "head", "size")

    def __init__(self, source: Source) -> None:
        self.size = source.size
        self.head = source.read(0, HEAD)
        self._source = source
        self._made: dict[object, object] = {}

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        if offset >= 0 and 0 <= length <= len(self.head) - offset:
            return self.head[offset : offset + length]
        return self._source.read(offset, length)

    def once(self, make: Callable[[Source], Made]) -> Made:
        """What ``make`` makes of the bytes, kept for the next who asks."""
        if make not in self._made:
            self._made[make] = make(self._source)
        return cast("Made", self._made[make])


def once(source: Source, make: Callable[[Source], Made]) -> Made:
    """What ``make`` makes of a source; of a ``Preview`` it is made only once."""
    return source.once(make) if isinstance(source, Preview) else make(source)


def cut(source: Source, start: int, length: int) -> Slice:
    """A slice whose ``start`` counts from the outermost source, however deep it is cut."""
    if isinstance(source, Slice):
        return Slice(source.parent, source.start + start, length)
    return Slice(source, start, length)


@dataclass(slots=True)
class Budget:
    """What is left of ``Limits`` while one file is read."""

    limits: Limits = field(default_factory=Limits)
    _entries: int = 0
    _operations: int = 0
    _unpacked: int = 0
    _deadline: float = 0.0
    _earliest: float = 0.0

    def __post_init__(self) -> None:
        """Start the clock."""
        self._deadline = time.process_time() + self.limits.seconds
        self._earliest = time.monotonic() + self.limits.seconds

    def entry(self, count: int = 1) -> None:
        """Account for ``count`` members, tensors or nodes.

        Raises:
            LimitExceededError: more than ``limits.entries``, or out of time.
        """
        self._entries += count
        if self._entries > self.limits.entries:
            raise LimitExceededError(f"more than {self.limits.entries} entries")
        self.tick()

    def operations(self, count: int) -> None:
        """Account for ``count`` steps.

        Raises:
            LimitExceededError: more than ``limits.operations``, or out of time.
        """
        self._operations += count
        if self._operations > self.limits.operations:
            raise LimitExceededError(f"more than {self.limits.operations} steps")
        self.tick()

    def unpack(self, count: int) -> None:
        """Account for ``count`` bytes made by unpacking.

        Raises:
            LimitExceededError: more than ``limits.unpacked_bytes``, or out of time.
        """
        self._unpacked += count
        if self._unpacked > self.limits.unpacked_bytes:
            raise LimitExceededError(
                f"unpacks to more than {self.limits.unpacked_bytes} bytes in all"
            )
        self.tick()

    def tick(self) -> None:
        """Check the clock.

        Raises:
            LimitExceededError: ``limits.seconds`` of CPU time are spent.
        """
        # One thread spends no more CPU time than goes by on the wall, which is cheap to read.
        if time.monotonic() > self._earliest and time.process_time() > self._deadline:
            raise LimitExceededError(f"not read within {self.limits.seconds:g} s of CPU time")


def read_exactly(source: Source, offset: int, length: int, what: str) -> bytes:
    """Read ``length`` bytes or say what is missing.

    Raises:
        MalformedArtifactError: the bytes end before ``offset + length``.
    """
    if offset < 0 or length < 0 or offset + length > source.size:
        raise MalformedArtifactError(
            f"{what} at {offset:#x} needs {length} bytes, the file ends at {source.size:#x}"
        )
    return source.read(offset, length)


@dataclass(frozen=True, slots=True)
class Part:
    """A stream inside another, opened when its turn comes.

    Attributes:
        open: hands out the bytes; may raise ``MalformedArtifactError``.
        member: its name in the stream it lies in.
        known: its format where that is not to be sniffed.
    """

    open: Callable[[], Source]
    member: str
    known: str | None = None


def part(source: Source, member: str, known: str | None = None) -> Part:
    """A part whose bytes are at hand."""
    return Part(lambda: source, member, known)


@dataclass(slots=True)
class Reading:
    """What a reader made of a stream so far; what it found before an error stays.

    Attributes:
        document: what rules look at, of a type the format's reader names.
        parts: streams inside this one.
        lies: where the bytes contradict themselves (overlaps, holes, views that
            differ, names given twice), each as ``(offset, sentence)``.
    """

    document: object = None
    parts: list[Part] = field(default_factory=list)
    lies: list[tuple[int, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Format:
    """A file format: how it is recognised by content, and its reader.

    Attributes:
        name: what results call it.
        looks_like: whether bytes pass for it; must reject ordinary files of other formats.
        read: fills a ``Reading``; raises ``MalformedArtifactError`` where the bytes break
            the format, and leaves what it found until then.
        first: bytes such a file can start with; empty means any.
        suffixes: a text so named is read as this format as well, whatever its content
            passes for. A name only ever adds a reader.
    """

    name: str
    looks_like: Callable[[Source], bool]
    read: Callable[[Source, Budget, Reading], None]
    first: bytes = b""
    suffixes: frozenset[str] = frozenset()
