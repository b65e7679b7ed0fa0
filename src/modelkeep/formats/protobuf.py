"""Protocol buffer wire format, walked without a schema.

Source: the protobuf encoding guide (varints, tags, length-delimited fields).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Slice, Source, cut

_EVERY: Final = 1 << 10
_WINDOW: Final = 4096


FIRST: Final = bytes(byte for byte in range(8, 256) if byte & 7 in (0, 1, 2, 3, 5))
"""Bytes a message can begin with: the tag of some field."""


def may_be_message(source: Source) -> bool:
    """Whether the first bytes are worth a closer look.

    Those of a pickle are a tag too, of a field above 31 that no model format has; such a
    file is read as a pickle, and as one that breaks off.
    """
    head = source.read(0, 2)
    return not (head[:1] == b"\x80" and head[1:] in (b"\2", b"\3", b"\4", b"\5"))


class TruncatedFieldError(MalformedArtifactError):
    """A length-delimited field goes on behind the end of its message."""

    def __init__(self, number: int, offset: int) -> None:
        super().__init__(f"protobuf field at {offset:#x} ends behind its message")
        self.number = number


@dataclass(frozen=True, slots=True)
class Field:
    """One field: ``value`` of a varint or fixed number, ``body`` of a length-delimited one."""

    number: int
    offset: int
    value: int = 0
    body: Slice | None = None

    def text(self, limit: int = 1 << 16) -> str:
        """The body as text, cut at ``limit`` bytes."""
        if self.body is None:
            return ""
        return self.body.read(0, min(self.body.size, limit)).decode("utf-8", "backslashreplace")


def fields(source: Source, budget: Budget | None = None) -> Iterator[Field]:
    """Yield the fields of one message; nested messages are not entered, groups skipped.

    Args:
        source: the message.
        budget: looked at every 1,024 fields.

    Raises:
        MalformedArtifactError: a tag, length or group that the format does not allow.
        LimitExceededError: out of time.
    """
    cursor = _Cursor(source)
    groups: list[int] = []
    count = 0
    while cursor.at < source.size:
        start = cursor.at
        count += 1
        if budget is not None and count % _EVERY == 0:
            budget.tick()
        tag = cursor.varint()
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise MalformedArtifactError(f"protobuf field 0 at {start:#x}")
        if wire == 3:
            groups.append(number)
        elif wire == 4 and groups[-1:] == [number]:
            groups.pop()
        else:
            found = _field(cursor, number, wire, start)
            if not groups:
                yield found
    if groups:
        raise MalformedArtifactError(f"protobuf group {groups[-1]} does not end")


def _field(cursor: _Cursor, number: int, wire: int, start: int) -> Field:
    if wire == 0:
        return Field(number, start, cursor.varint())
    source = cursor.source
    if wire == 2:
        length = cursor.varint()
        body = cursor.at
        if body + length > source.size:
            raise TruncatedFieldError(number, start)
        cursor.at = body + length
        return Field(number, start, body=cut(source, body, length))
    if wire not in (1, 5):
        raise MalformedArtifactError(f"protobuf wire type {wire} at {start:#x}")
    width = 8 if wire == 1 else 4
    if cursor.at + width > source.size:
        raise MalformedArtifactError(f"protobuf number at {start:#x} ends behind its message")
    raw = cursor.window(width)
    cursor.at += width
    return Field(number, start, int.from_bytes(raw[:width], "little"))


@dataclass(slots=True)
class _Cursor:
    """A place in a message; small fields come out of one read of a few thousand bytes."""

    source: Source
    at: int = 0
    _held: bytes = b""
    _from: int = 0

    def window(self, length: int) -> bytes:
        """At least ``length`` bytes from here, fewer only at the end."""
        index = self.at - self._from
        if not 0 <= index <= len(self._held) - length:
            self._held, self._from = self.source.read(self.at, _WINDOW), self.at
            index = 0
        return self._held[index : index + length]

    def varint(self) -> int:
        """The number here; moves behind it."""
        value = shift = 0
        for index, byte in enumerate(self.window(10)):
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at += index + 1
                return value
            shift += 7
        raise MalformedArtifactError(f"protobuf number at {self.at:#x} does not end")
