"""An inference answer of OIP v2, to the wire and from an upstream's.

Source: Open Inference Protocol v2 and its binary extension.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from modelkeep.gateway.interface import Tensors
from modelkeep.gateway.oip_request import InferRequest
from modelkeep.gateway.oip_tensors import (
    count_of,
    datatype_of,
    dtype_of,
    from_json,
    malformed,
    to_bytes,
    to_json,
)
from modelkeep.gateway.refusal import RefusalError


class _Output(msgspec.Struct):
    name: str
    shape: list[int]
    datatype: str
    data: msgspec.Raw


class _Answer(msgspec.Struct):
    outputs: list[_Output]


_DECODER: Final = msgspec.json.Decoder(_Answer)


def encode_answer(
    model: str, version: str, outputs: Tensors, request: InferRequest
) -> tuple[bytes, int | None]:
    """The body of an answer, and the length of its JSON where binary tensors follow.

    Raises:
        RefusalError: an output is wanted that the model does not have.
    """
    unknown = request.outputs.keys() - outputs.keys()
    if unknown:
        raise RefusalError(400, "schema.output", f"the model has no output {min(unknown)!r}")
    described: list[dict[str, Any]] = []
    tails: list[bytes] = []
    for name in request.outputs or outputs:
        values = outputs[name]
        entry: dict[str, Any] = {
            "name": name,
            "shape": list(values.shape),
            "datatype": datatype_of(values),
        }
        if request.outputs.get(name, request.binary):
            tails.append(to_bytes(values))
            entry["parameters"] = {"binary_data_size": len(tails[-1])}
        else:
            entry["data"] = to_json(values)
        described.append(entry)
    head = msgspec.json.encode(
        {"model_name": model, "model_version": version, "id": request.id, "outputs": described}
    )
    return (b"".join((head, *tails)), len(head)) if tails else (head, None)


def decode_answer(body: bytes, most: int) -> Tensors:
    """Tensors of an upstream's JSON answer.

    Raises:
        RefusalError: (502) it is none, or holds more than ``most`` values.
    """
    try:
        return {out.name: _tensor(out, most) for out in _DECODER.decode(body).outputs}
    except (msgspec.DecodeError, RecursionError, RefusalError) as error:
        raise RefusalError(
            502, "upstream.answer", "the model server answers no tensors of the protocol"
        ) from error


def _tensor(output: _Output, most: int) -> np.ndarray:
    count = count_of(output.name, output.shape, most)
    dtype = dtype_of(output.name, output.datatype)
    values = from_json(output.name, output.data, output.shape, dtype)
    if values.size != count:
        raise malformed(f"tensor {output.name!r}: not as many values as its shape holds")
    return values.reshape(output.shape)
