"""Protocol buffer wire format, walked without a schema.

Source: the protobuf encoding guide (varints, tags, length-delimited fields).
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Slice, Source, cut, once


def _tags(wire: int, start: int) -> bytes:
    """The first bytes of tags of a wire type, as an expression knows them."""
    return b"".join(
        rb"\x%02x" % byte for byte in range(start + wire, start + 128 - start % 128, 8)
    )


_EVERY: Final = 1 << 10
_WINDOW: Final = 4096
_EXACT: Final = 64  # fields of an outline before small ones are stepped over
_STEPS: Final = 1 << 16  # larger fields that an outline goes through
_KEPT: Final = 256  # of each number that it keeps
_DEEPEST: Final = 100  # groups in each other, as protobuf itself allows
# Runs of numbers and of messages too short to hold a model, with tags of up to two bytes.
_SMALL: Final = re.compile(
    b"(?:%s)*+"
    % b"|".join(
        rb"(?:[%s]|[%s][\x01-\x7f])%s" % (_tags(wire, 8), _tags(wire, 128), rest)
        for wire, rest in (
            (0, rb"[\x80-\xff]{0,9}+[\x00-\x7f]"),
            (1, rb".{8}"),
            (2, b"(?:%s)" % b"|".join(rb"\x%02x.{%d}" % (n, n) for n in range(16))),
            (5, rb".{4}"),
        )
    ),
    re.DOTALL,
)

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


@dataclass(slots=True)
class Outline:
    """The outermost fields of a message, as far as formats are told apart by them.

    Attributes:
        fields: the first ones of each number; small ones only at the beginning.
        broken: whether something was wrong.
        cut_short: the number of a field that the end of the message cuts short, else 0.
    """

    fields: list[Field] = field(default_factory=list)
    broken: bool = False
    cut_short: int = 0

    def bodies(self, number: int) -> Iterator[Slice]:
        """The messages and texts of one number."""
        return (f.body for f in self.fields if f.number == number and f.body is not None)


def outline(source: Source) -> Outline:
    """The outline of a message, walked once for all formats that ask.

    Bytes of any kind may pass for a long run of small fields. Those are stepped over
    quickly, and what is larger is followed for a while.
    """
    return once(source, _outline)


def _outline(source: Source) -> Outline:
    found = Outline()
    if not may_be_message(source):
        found.broken = True
        return found
    counts: Counter[int] = Counter()
    try:
        for each in itertools.islice(fields(source, step_over=True), _STEPS):
            counts[each.number] += 1
            if counts[each.number] <= _KEPT:
                found.fields.append(each)
    except TruncatedFieldError as error:
        found.broken, found.cut_short = True, error.number
    except MalformedArtifactError:
        found.broken = True
    return found


def fields(
    source: Source, budget: Budget | None = None, *, step_over: bool = False
) -> Iterator[Field]:
    """Yield the fields of one message; nested messages are not entered, groups skipped.

    Args:
        source: the message.
        budget: looked at every 1,024 fields.
        step_over: whether to leave out runs of small fields, but for the first ones.

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
        if step_over and count > _EXACT and cursor.step_over():
            continue
        tag = cursor.varint()
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise MalformedArtifactError(f"protobuf field 0 at {start:#x}")
        if wire == 3:
            groups.append(number)
            if len(groups) > _DEEPEST:
                raise MalformedArtifactError(f"protobuf groups too deep at {start:#x}")
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

    def step_over(self) -> bool:
        """Move behind the small fields that begin here and lie in one window."""
        self.window(1)
        index = self.at - self._from
        found = _SMALL.match(self._held, index)
        length = found.end() - index if found else 0
        self.at += length
        return length > 0

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
