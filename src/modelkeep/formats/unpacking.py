"""Compressed bytes made whole within bounds, as far as they go.

Output is made in small steps: a bomb stops at the limit, large output goes to a
nameless temporary file instead of memory, and what came before an error is kept,
because a loader that reads as it unpacks has run it by then.
"""

from __future__ import annotations

import bz2
import lzma
import os
import struct
import tempfile
import weakref
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, MemorySource, Source

_STEP: Final = 1 << 16  # bytes made or taken at a time
_HELD: Final = 8 << 20  # bytes kept in memory
_FREE: Final = 64 << 20  # bytes that any input may become
_HOLLOW: Final = 8 << 20  # bytes of filler that are no accident
_BOMB_RATIO: Final = 200  # text stays below 50; only constant bytes get here
_FILLER: Final = 4096  # equal bytes at the start of what is nothing but filler
_ZSTD_WINDOW: Final = 1 << 27
_ZSTD_INPUT: Final = 1 << 11  # becomes at most 64 MiB, a block of 4 bytes being 128 KiB
XZ_MEMORY: Final = 256 << 20
_BROKEN: Final = (
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
)


class Decompressor(Protocol):
    """What ``bz2``, ``lzma`` and ``lz4`` have in common."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more can be made of what was given so far."""

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end of the stream."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Up to ``max_length`` bytes made of ``data`` and what was given before."""


class Inflate:
    """``zlib`` in the shape of the others; ``wbits`` is -15 for bare deflate, 15 for zlib."""

    def __init__(self, wbits: int = -15) -> None:
        self._object = zlib.decompressobj(wbits)

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""
        return self._object.eof

    @property
    def needs_input(self) -> bool:
        """Whether all input was taken."""
        return not self._object.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end of the stream."""
        return self._object.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Up to ``max_length`` bytes."""
        return self._object.decompress(self._object.unconsumed_tail + data, max_length)


class Zstandard:
    """One Zstandard frame; fed in pieces so small that no piece becomes too much.

    An error of the library's own class becomes a ``ValueError``.
    """

    def __init__(self) -> None:
        import zstandard  # noqa: PLC0415 - few scans need it

        self._error = zstandard.ZstdError
        frames = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        self._object = frames.decompressobj()
        self._given = b""
        self._made = memoryview(b"")  # a slice of it copies nothing

    @property
    def eof(self) -> bool:
        """Whether the frame has ended and all of it was handed out."""
        return self._object.eof and not self._made

    @property
    def needs_input(self) -> bool:
        """Whether all input was taken and all output handed out."""
        return not self._given and not self._made

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end of the frame."""
        return self._object.unused_data + self._given

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Up to ``max_length`` bytes."""
        self._given += data
        while not self._made and self._given and not self._object.eof:
            piece, self._given = self._given[:_ZSTD_INPUT], self._given[_ZSTD_INPUT:]
            try:
                self._made = memoryview(self._object.decompress(piece))
            except self._error as error:
                raise ValueError(str(error)) from error
        out, self._made = bytes(self._made[:max_length]), self._made[max_length:]
        return out


class Lz4:
    """One LZ4 frame; the library's own error is too broad to catch elsewhere."""

    def __init__(self) -> None:
        import lz4.frame  # noqa: PLC0415 - few scans need it

        self._object = lz4.frame.LZ4FrameDecompressor()

    @property
    def eof(self) -> bool:
        """Whether the frame has ended."""
        return bool(self._object.eof)

    @property
    def needs_input(self) -> bool:
        """Whether all input was taken."""
        return bool(self._object.needs_input)

    @property
    def unused_data(self) -> bytes:
        """What was given behind the end of the frame."""
        return self._object.unused_data or b""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Up to ``max_length`` bytes.

        Raises:
            ValueError: no valid frame.
        """
        try:
            return bytes(self._object.decompress(data, max_length))
        except RuntimeError as error:
            raise ValueError(str(error)) from error


def raw_lzma(properties: bytes, most: int) -> Decompressor:
    """Bare LZMA by its five bytes of properties.

    Args:
        properties: one byte of three counts, four of the dictionary's size.
        most: bytes that will be made; a larger dictionary cannot be of use.

    Raises:
        MalformedArtifactError: no such properties.
    """
    if len(properties) != 5 or properties[0] >= 225:
        raise MalformedArtifactError("no LZMA properties")
    counts, dictionary = struct.unpack("<BI", properties)
    chain = {
        "id": lzma.FILTER_LZMA1,
        "dict_size": max(4096, min(dictionary, most)),
        "lc": counts % 9,
        "lp": counts // 9 % 5,
        "pb": counts // 45,
    }
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])
    except lzma.LZMAError as error:
        raise MalformedArtifactError(f"LZMA properties: {error}") from error


def xz() -> Decompressor:
    """The .xz container; a dictionary that needs more than 256 MiB is refused."""
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=XZ_MEMORY)


def bzip2() -> Decompressor:
    """One bzip2 stream."""
    return bz2.BZ2Decompressor()


class _Nameless:
    """Bytes in a temporary file that has no name and goes with this object."""

    def __init__(self) -> None:
        self._fd, path = tempfile.mkstemp(prefix="modelkeep-")
        Path(path).unlink()
        weakref.finalize(self, os.close, self._fd)
        self._size = 0

    @property
    def size(self) -> int:
        """Length in bytes."""
        return self._size

    def append(self, data: bytes) -> None:
        """Write at the end."""
        while data:
            written = os.pwrite(self._fd, data, self._size)
            self._size += written
            data = data[written:]

    def read(self, offset: int, length: int) -> bytes:
        """Up to ``length`` bytes from ``offset``."""
        if not 0 <= offset < self._size or length <= 0:
            return b""
        return os.pread(self._fd, min(length, self._size - offset), offset)


class Spool:
    """Where unpacked bytes go, and how many are too many.

    Args:
        packed: bytes they are unpacked from.
        budget: of the file.
        what: the stream, for messages.
    """

    def __init__(self, packed: int, budget: Budget, what: str) -> None:
        limits = budget.limits
        self.limit: Final = min(limits.member_bytes, max(_FREE, packed * limits.ratio))
        self.size = 0
        self._packed = packed
        self._budget = budget
        self._what = what
        self._held: list[bytes] = []
        self._file: _Nameless | None = None
        self._first = b""

    def fill(
        self, packed: Source, start: Callable[[], Decompressor], *, size: int | None = None
    ) -> int:
        """Unpack one stream behind what is here already.

        Args:
            packed: the stream, and perhaps more.
            start: makes a decompressor.
            size: bytes to make where the stream does not mark its end.

        Returns:
            How many packed bytes the stream takes up.

        Raises:
            MalformedArtifactError: broken or cut short; what was made before is here.
            LimitExceededError: more output than the limits allow.
        """
        begun = self.size
        at = 0
        try:
            decompressor = start()
            while not decompressor.eof:
                step = _STEP if size is None else min(_STEP, begun + size - self.size)
                if step <= 0:
                    break
                at, made = _advance(decompressor, packed, at, step)
                self._write(made)
        except _BROKEN as error:
            self._salvage(packed, start, self.size - begun)
            raise MalformedArtifactError(f"{self._what} cannot be unpacked: {error}") from error
        except MemoryError as error:
            raise LimitExceededError(f"{self._what} needs too much memory") from error
        return at - len(decompressor.unused_data)

    def _salvage(self, packed: Source, start: Callable[[], Decompressor], known: int) -> None:
        """Make again what the failing step had made, byte by byte up to where it broke."""
        at = made = 0
        try:
            decompressor = start()
            while not decompressor.eof and made < known + _STEP:
                step = min(_STEP, known - made) if made < known else 1
                at, out = _advance(decompressor, packed, at, step)
                if made >= known:
                    self._write(out)
                made += len(out)
        except _BROKEN:
            return

    def _write(self, data: bytes) -> None:
        room = self.limit - self.size
        if len(data) > room:
            self._keep(data[:room])
            raise LimitExceededError(f"{self._what} unpacks to more than {self.limit} bytes")
        self._keep(data)

    def _keep(self, data: bytes) -> None:
        self._budget.unpack(len(data))
        if len(self._first) < _FILLER:
            self._first += data[:_FILLER]
        self.size += len(data)
        if self._file is None:
            self._held.append(data)
            if self.size <= _HELD:
                return
            self._file = _Nameless()
            data, self._held = b"".join(self._held), []
        self._file.append(data)

    def source(self) -> Source:
        """What was unpacked so far."""
        return self._file if self._file is not None else MemorySource(b"".join(self._held))

    def bomb(self) -> str | None:
        """A sentence if far more came out than went in, and it is not a small file of zeros."""
        if self.size <= self._packed * _BOMB_RATIO:
            return None
        filler = len(self._first) >= _FILLER and len(set(self._first)) == 1
        if self.size > _FREE // 2 or (filler and self.size > _HOLLOW):
            return f"{self._packed} bytes of {self._what} unpack to at least {self.size}"
        return None


def _advance(
    decompressor: Decompressor, packed: Source, at: int, step: int
) -> tuple[int, bytes]:
    """One step: where the next input lies, and what was made.

    Raises:
        EOFError: the input ends before the stream does.
    """
    hungry = decompressor.needs_input
    given = packed.read(at, _STEP) if hungry else b""
    made = decompressor.decompress(given, step)
    if hungry and not given and not made:
        raise EOFError("it is cut short")
    return at + len(given), made
