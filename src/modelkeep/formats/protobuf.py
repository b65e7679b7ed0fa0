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


def _varint(source: Source, at: int) -> tuple[int, int]:
    raw = source.read(at, 10)
    value = 0
    for index, byte in enumerate(raw):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, at + index + 1
    raise MalformedArtifactError(f"protobuf number at {at:#x} does not end")


def fields(source: Source, budget: Budget | None = None) -> Iterator[Field]:
    """Yield the fields of one message; nested messages are not entered.

    Args:
        source: the message.
        budget: looked at every 1,024 fields.

    Raises:
        MalformedArtifactError: a tag, length or group that the format does not allow.
        LimitExceededError: out of time.
    """
    at = count = 0
    while at < source.size:
        start = at
        count += 1
        if budget is not None and count % _EVERY == 0:
            budget.tick()
        tag, at = _varint(source, at)
        number, wire = tag >> 3, tag & 7
        if number == 0:
            raise MalformedArtifactError(f"protobuf field 0 at {start:#x}")
        if wire == 0:
            value, at = _varint(source, at)
            yield Field(number, start, value)
        elif wire == 2:
            length, at = _varint(source, at)
            if at + length > source.size:
                raise TruncatedFieldError(number, start)
            yield Field(number, start, body=cut(source, at, length))
            at += length
        elif wire in (1, 5):
            width = 8 if wire == 1 else 4
            if at + width > source.size:
                raise MalformedArtifactError(
                    f"protobuf number at {start:#x} ends behind its message"
                )
            yield Field(number, start, int.from_bytes(source.read(at, width), "little"))
            at += width
        else:
            raise MalformedArtifactError(f"protobuf wire type {wire} at {start:#x}")
