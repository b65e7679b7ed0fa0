"""An inference request of OIP v2, from the wire and to it.

JSON is read twice, cheaply: typed, with the data arrays left raw, and then its skeleton
without the data, where a repeated key is found. Two readers that pick different ones of
two ``inputs`` are how a check is passed by; so a repeated key is refused.

Sources: Open Inference Protocol v2 and its binary extension; RFC 8259, section 4.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from modelkeep.gateway.interface import Tensors
from modelkeep.gateway.oip_tensors import (
    count_of,
    datatype_of,
    dtype_of,
    from_bytes,
    from_json,
    malformed,
    to_json,
)

HEADER_LENGTH: Final = "inference-header-content-length"
_SMALL: Final = 64  # bytes of data that are left in the skeleton
_LONGEST_ID: Final = 256
_MOST_TENSORS: Final = 1024


class _Tensor(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    parameters: dict[str, Any] = {}
    data: msgspec.Raw = msgspec.Raw()


class _Wanted(msgspec.Struct):
    name: str
    parameters: dict[str, Any] = {}


class _Document(msgspec.Struct):
    inputs: list[_Tensor]
    id: str = ""
    parameters: dict[str, Any] = {}
    outputs: list[_Wanted] = []


_DECODER: Final = msgspec.json.Decoder(_Document)


@dataclass(frozen=True, slots=True)
class InferRequest:
    """What a client asks.

    Attributes:
        id: the client's own id of the request, given back in the answer.
        inputs: tensors by name.
        outputs: wanted outputs by name, and whether each is to be binary; empty: all.
        binary: whether outputs are binary where nothing is said of one.
    """

    id: str
    inputs: Tensors
    outputs: dict[str, bool]
    binary: bool


def decode_request(body: bytes, header_length: int | None, most: int) -> InferRequest:
    """Read a request.

    Args:
        body: the whole body.
        header_length: bytes of JSON at its start, ``None`` where all of it is JSON.
        most: values a tensor may hold.

    Raises:
        RefusalError: not a request of the protocol, a repeated key, data that do not fit.
    """
    size = len(body) if header_length is None else header_length
    if not 0 < size <= len(body):
        raise malformed("the length of the JSON header is not that of the body")
    head = body[:size] if size < len(body) else body
    document = _read(head)
    if len(document.id) > _LONGEST_ID or len(document.inputs) > _MOST_TENSORS:
        raise malformed("an id of 256 characters and 1024 tensors are the most there may be")
    inputs: Tensors = {}
    at = size
    for tensor in document.inputs:
        if tensor.name in inputs:
            raise malformed(f"two tensors have the name {tensor.name!r}")
        count = count_of(tensor.name, tensor.shape, most)
        dtype = dtype_of(tensor.name, tensor.datatype)
        length = tensor.parameters.get("binary_data_size")
        if length is None:
            values = from_json(tensor.name, tensor.data, tensor.shape, dtype)
        else:
            if (
                length != count * dtype.itemsize
                or at + length > len(body)
                or bytes(tensor.data)
            ):
                raise malformed(f"tensor {tensor.name!r}: not as many bytes as its shape holds")
            values = from_bytes(tensor.name, memoryview(body)[at : at + length], dtype)
            at += length
        if values.size != count:
            raise malformed(f"tensor {tensor.name!r}: not as many values as its shape holds")
        inputs[tensor.name] = values.reshape(tensor.shape)
    if at != len(body):
        raise malformed("bytes are left over after the last tensor")
    binary = document.parameters.get("binary_data_output") is True
    wanted = {o.name: o.parameters.get("binary_data", binary) is True for o in document.outputs}
    return InferRequest(document.id, inputs, wanted, binary)


def _read(head: bytes) -> _Document:
    try:
        document = _DECODER.decode(head)
        skeleton = _skeleton(head, document)
        json.loads(skeleton.decode(), object_pairs_hook=_unrepeated)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        # What the decoder says names a place in the document and no content of it.
        says = str(error) if isinstance(error, msgspec.DecodeError) else "not plain JSON"
        raise malformed(f"not an inference request: {says}", "protocol.json") from error
    return document


def _skeleton(head: bytes, document: _Document) -> bytes:
    """A document without its long arrays of data, found in one pass by how they start."""
    parts: list[bytes] = []
    at = 0
    for tensor in document.inputs:
        raw = bytes(tensor.data)
        found = head.find(raw[:_SMALL], at) if len(raw) > _SMALL else -1
        while found >= 0 and not head.startswith(raw, found):
            found = head.find(raw[:_SMALL], found + 1)
        if found >= 0:
            parts += [head[at:found], b"0"]
            at = found + len(raw)
    return b"".join((*parts, head[at:]))


def _unrepeated(pairs: list[tuple[str, Any]]) -> None:
    if len({key for key, _ in pairs}) < len(pairs):
        raise malformed("a key stands twice in one object", "protocol.repeated-key")


def encode_request(inputs: Tensors) -> bytes:
    """A request in JSON, which every server of the protocol reads."""
    return msgspec.json.encode(
        {
            "inputs": [
                {
                    "name": name,
                    "shape": list(values.shape),
                    "datatype": datatype_of(values),
                    "data": to_json(values),
                }
                for name, values in inputs.items()
            ]
        }
    )
