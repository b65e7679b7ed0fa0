"""Messages between the parent and the confined child: a JSON head and raw arrays.

Neither side ever unpickles what the other says. A frame is the length of its head, the
head (JSON: a small map, and type and shape of each array), and the arrays' bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import IO, Any, Final

import msgspec
import numpy as np

from modelkeep.core import InputError

_HEAD: Final = struct.Struct("<Q")
_MOST_HEAD: Final = 16 << 20
_MOST_ARRAY: Final = 16 << 30
_PLAIN: Final = frozenset("biufcSU")


class _Place(msgspec.Struct):
    name: str
    dtype: str
    shape: list[int]


class _Head(msgspec.Struct):
    says: dict[str, Any]
    arrays: list[_Place]


class ClosedError(Exception):
    """The other side has gone."""


def send(
    stream: IO[bytes], says: Mapping[str, Any], arrays: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write one frame.

    Args:
        stream: a binary stream.
        says: a small map of JSON values.
        arrays: arrays of plain numbers or text by name.

    Raises:
        InputError: an array that holds objects.
    """
    given = {name: np.ascontiguousarray(array) for name, array in (arrays or {}).items()}
    places = []
    for name, array in given.items():
        if array.dtype.kind not in _PLAIN:
            raise InputError(f"{name} is an array of {array.dtype}, not of numbers")
        places.append(_Place(name, array.dtype.str, list(array.shape)))
    head = msgspec.json.encode(_Head(dict(says), places))
    stream.write(_HEAD.pack(len(head)) + head)
    for array in given.values():
        stream.write(array.tobytes())
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read one frame.

    Raises:
        ClosedError: the stream ended, before or within a frame.
        InputError: what came is no frame.
    """
    (length,) = _HEAD.unpack(_exactly(stream, _HEAD.size))
    if length > _MOST_HEAD:
        raise InputError(f"a message announces a head of {length} bytes")
    try:
        head = msgspec.json.decode(_exactly(stream, length), type=_Head)
        arrays = {place.name: _array(stream, place) for place in head.arrays}
    except (msgspec.DecodeError, TypeError, ValueError) as error:
        raise InputError(f"a message cannot be read: {error}") from error
    return head.says, arrays


def _array(stream: IO[bytes], place: _Place) -> np.ndarray:
    dtype = np.dtype(place.dtype)
    size = dtype.itemsize
    for extent in place.shape:
        size *= extent
    if dtype.kind not in _PLAIN or not 0 <= size <= _MOST_ARRAY:
        raise InputError(f"a message announces an array of {place.dtype} {place.shape}")
    return np.frombuffer(_exactly(stream, size), dtype).reshape(place.shape)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    parts = []
    while length > 0:
        part = stream.read(min(length, 1 << 24))
        if not part:
            raise ClosedError
        parts.append(part)
        length -= len(part)
    return b"".join(parts)
