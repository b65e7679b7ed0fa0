"""Universal Binary JSON, walked within bounds: what XGBoost saves as ``.ubj``.

Nothing in the format can run code; the walk proves that the document is whole
and shallow before a native parser is given it.

Source: UBJSON specification, draft 12 (markers, sized and typed containers).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source, read_exactly

_FIXED: Final = {
    b"Z": 0, b"N": 0, b"T": 0, b"F": 0, b"i": 1, b"U": 1, b"I": 2,
    b"l": 4, b"L": 8, b"d": 4, b"D": 8, b"C": 1,
}  # fmt: skip
_INTEGERS: Final = {b"i": 1, b"U": 1, b"I": 2, b"l": 4, b"L": 8}


def looks_like(source: Source) -> bool:
    """Whether the file opens an object whose first key has a sized length."""
    head = source.read(0, 2)
    return head[:1] == b"{" and head[1:2] in _INTEGERS


@dataclass(slots=True)
class _Cursor:
    source: Source
    budget: Budget
    at: int = 0

    def take(self, length: int) -> bytes:
        data = read_exactly(self.source, self.at, length, "UBJSON value")
        self.at += length
        return data

    def peek(self) -> bytes:
        return self.source.read(self.at, 1)

    def skip(self, length: int) -> None:
        if self.at + length > self.source.size:
            raise MalformedArtifactError(f"UBJSON value at {self.at:#x} ends behind the file")
        self.at += length

    def length(self) -> int:
        marker = self.take(1)
        if marker not in _INTEGERS:
            raise MalformedArtifactError(f"UBJSON length at {self.at - 1:#x} is not a number")
        value = int.from_bytes(self.take(_INTEGERS[marker]), "big", signed=marker != b"U")
        if value < 0:
            raise MalformedArtifactError(f"UBJSON length at {self.at:#x} is negative")
        return value


def check(source: Source, budget: Budget) -> None:
    """Walk one document to its end.

    Raises:
        MalformedArtifactError: not UBJSON, cut short, or followed by other bytes.
        LimitExceededError: nested deeper or holding more than the limits.
    """
    cursor = _Cursor(source, budget)
    _value(cursor, cursor.take(1), 0)
    if cursor.at != source.size:
        raise MalformedArtifactError(f"bytes follow the UBJSON document at {cursor.at:#x}")


def _value(cursor: _Cursor, marker: bytes, depth: int) -> None:
    if depth > 64:
        raise LimitExceededError("UBJSON nested deeper than 64")
    if marker in _FIXED:
        cursor.skip(_FIXED[marker])
    elif marker in (b"S", b"H"):
        cursor.skip(cursor.length())
    elif marker in (b"[", b"{"):
        _container(cursor, is_object=marker == b"{", depth=depth)
    else:
        raise MalformedArtifactError(f"unknown UBJSON marker {marker!r} at {cursor.at - 1:#x}")


def _container(cursor: _Cursor, *, is_object: bool, depth: int) -> None:
    kind, count = _header(cursor)
    if kind in _FIXED and count is not None and not is_object:
        cursor.skip(_FIXED[kind] * count)
        return
    close = b"}" if is_object else b"]"
    seen = 0
    while seen != count if count is not None else cursor.peek() != close:
        cursor.budget.operations(1)
        seen += 1
        if is_object:
            cursor.skip(cursor.length())
        _value(cursor, kind or cursor.take(1), depth + 1)
    if count is None:
        cursor.take(1)


def _header(cursor: _Cursor) -> tuple[bytes, int | None]:
    kind = b""
    if cursor.peek() == b"$":
        cursor.take(1)
        kind = cursor.take(1)
    if cursor.peek() == b"#":
        cursor.take(1)
        return kind, cursor.length()
    if kind:
        raise MalformedArtifactError(
            f"typed UBJSON container without a count at {cursor.at:#x}"
        )
    return b"", None


def read(source: Source, budget: Budget, _reading: Reading) -> None:
    """Check the document; it has nothing rules could look at."""
    check(source, budget)


FORMAT: Final = Format("ubjson", looks_like, read, first=b"{")
