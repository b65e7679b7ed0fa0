"""Tensors of the Open Inference Protocol v2: as JSON numbers and as raw bytes.

What cannot be read exactly is refused and never guessed: a number that does not fit its
datatype, a count that is not the shape's, a nested list of another shape.

Sources: Open Inference Protocol v2, and the binary tensor data extension of its HTTP form.
"""

from __future__ import annotations

import math
import struct
from array import array
from typing import Any, Final

import msgspec
import numpy as np

from modelkeep.gateway.refusal import RefusalError

DATATYPES: Final = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
_NAMES: Final = {dtype: name for name, dtype in DATATYPES.items()}
_MOST_AXES: Final = 16
_FLOATS: Final = msgspec.json.Decoder(list[float])
_INTEGERS: Final = msgspec.json.Decoder(list[int])
_ANY: Final = msgspec.json.Decoder()


def malformed(message: str, rule: str = "protocol.tensor") -> RefusalError:
    """The refusal of a request that is not what the protocol says."""
    return RefusalError(400, rule, message)


def count_of(name: str, shape: list[int], most: int) -> int:
    """How many numbers a shape holds.

    Raises:
        RefusalError: it is no shape, or holds more than ``most``.
    """
    if not shape or len(shape) > _MOST_AXES or min(shape) < 0 or max(shape) > most:
        raise malformed(f"tensor {name!r} has no usable shape", "schema.shape")
    count = math.prod(shape)
    if count > most:
        raise RefusalError(413, "limits.size", f"tensor {name!r} holds more than {most} values")
    return count


def dtype_of(name: str, datatype: str) -> np.dtype[Any]:
    """The numpy type of an OIP datatype.

    Raises:
        RefusalError: one that is not served; BYTES are strings, and models here take numbers.
    """
    found = DATATYPES.get(datatype)
    if found is None:
        raise malformed(f"tensor {name!r} has a datatype that is not served", "schema.dtype")
    return found


def datatype_of(values: np.ndarray) -> str:
    """The OIP datatype of an array; texts are BYTES.

    Raises:
        RefusalError: (502) a model answered something OIP has no word for.
    """
    if values.dtype.kind in "OUS":
        return "BYTES"
    found = _NAMES.get(values.dtype.newbyteorder("<"))
    if found is None:
        raise RefusalError(502, "upstream.answer", f"no datatype for {values.dtype}")
    return found


def from_bytes(name: str, raw: bytes | memoryview, dtype: np.dtype[Any]) -> np.ndarray:
    """Raw little-endian bytes as a flat array."""
    values = np.frombuffer(raw, dtype=np.uint8 if dtype.kind == "b" else dtype)
    if dtype.kind != "b":
        return values
    if values.size and values.max() > 1:
        raise malformed(f"tensor {name!r}: a truth value is 0 or 1", "schema.dtype")
    return values.astype(np.bool_)


def from_json(
    name: str, raw: msgspec.Raw, shape: list[int], dtype: np.dtype[Any]
) -> np.ndarray:
    """JSON numbers, flat or nested, as a flat array.

    Raises:
        RefusalError: no numbers, numbers that do not fit the type, or another shape.
    """
    try:
        values = _flat(raw, dtype)
        if values is None:
            values = _nested(name, raw, shape)
    except (msgspec.DecodeError, OverflowError, ValueError, RecursionError) as error:
        raise malformed(f"tensor {name!r}: its data are not {dtype} numbers") from error
    return _fit(name, values, dtype)


def _flat(raw: msgspec.Raw, dtype: np.dtype[Any]) -> np.ndarray | None:
    try:
        if dtype.kind == "f":
            numbers = _FLOATS.decode(raw)  # struct is three times as fast as numpy's own way
            return np.frombuffer(struct.pack(f"{len(numbers)}d", *numbers), np.float64)
        if dtype.kind in "iu":
            code = "Q" if dtype == DATATYPES["UINT64"] else "q"
            return np.frombuffer(
                array(code, _INTEGERS.decode(raw)), np.dtype(f"<{'u' if code == 'Q' else 'i'}8")
            )
    except msgspec.ValidationError:
        return None
    return None


def _nested(name: str, raw: msgspec.Raw, shape: list[int]) -> np.ndarray:
    values = np.array(_ANY.decode(raw))
    if values.dtype.kind not in "biuf":
        raise malformed(f"tensor {name!r}: its data are not numbers")
    if values.ndim > 1 and list(values.shape) != shape:
        raise malformed(f"tensor {name!r}: nested data of another shape", "schema.shape")
    return values.reshape(-1)


def _fit(name: str, values: np.ndarray, dtype: np.dtype[Any]) -> np.ndarray:
    """Cast without changing what a number means."""
    if (values.dtype.kind == "b") != (dtype.kind == "b") and values.size:
        raise malformed(f"tensor {name!r}: truth values and numbers are not the same")
    if dtype.kind in "iu":
        if values.dtype.kind == "f":
            raise malformed(f"tensor {name!r}: fractions in whole numbers", "schema.dtype")
        limits = np.iinfo(dtype)
        if values.size and (int(values.min()) < limits.min or int(values.max()) > limits.max):
            raise malformed(f"tensor {name!r}: a number does not fit {dtype}", "schema.dtype")
    with np.errstate(over="ignore"):  # an overflow is infinite, which the schema refuses
        return values.astype(dtype)


def to_json(values: np.ndarray) -> list[Any]:
    """An array as a flat list for JSON; texts as texts."""
    flat: list[Any] = values.reshape(-1).tolist()
    return [_text(item) for item in flat] if values.dtype.kind in "OUS" else flat


def to_bytes(values: np.ndarray) -> bytes:
    """An array as raw little-endian bytes; texts each with their length in front."""
    if values.dtype.kind in "OUS":
        texts = [_text(item).encode() for item in values.reshape(-1).tolist()]
        return b"".join(len(text).to_bytes(4, "little") + text for text in texts)
    return values.astype(values.dtype.newbyteorder("<"), copy=False).tobytes()


def _text(item: object) -> str:
    return item.decode("utf-8", "replace") if isinstance(item, bytes) else str(item)
