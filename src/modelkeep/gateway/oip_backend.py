"""A model behind another server of the Open Inference Protocol: MLServer, Triton, KServe.

It is asked in JSON: MLServer refuses binary tensors over HTTP (422), every server reads
JSON. What the client sends as binary is written as JSON here.

Source: Open Inference Protocol v2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

import msgspec

from modelkeep.gateway.interface import Tensors, TensorSpec
from modelkeep.gateway.oip_request import encode_request
from modelkeep.gateway.oip_response import decode_answer
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.upstream import Upstream

PLATFORM: Final = "oip"


class _Described(msgspec.Struct):
    name: str
    datatype: str
    shape: list[int]


class _Metadata(msgspec.Struct):
    inputs: list[_Described] = []
    outputs: list[_Described] = []
    platform: str = PLATFORM


@dataclass(slots=True)
class OipBackend:
    """One model of one server."""

    upstream: Upstream
    model: str
    most: int
    platform: str = PLATFORM
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()

    async def infer(self, inputs: Tensors) -> Tensors:
        """Ask the server.

        Raises:
            RefusalError: it does not answer, or with something else than tensors.
        """
        path = f"/v2/models/{quote(self.model, safe='')}/infer"
        body = await self.upstream.request("POST", path, encode_request(inputs))
        return decode_answer(body, self.most)

    async def close(self) -> None:
        """Close the connections."""
        await self.upstream.close()


async def connect(upstream: Upstream, model: str, most: int) -> OipBackend:
    """Ask a server for the tensors of a model.

    Raises:
        RefusalError: it does not answer, or with something else than metadata.
    """
    body = await upstream.request("GET", f"/v2/models/{quote(model, safe='')}")
    try:
        said = msgspec.json.decode(body, type=_Metadata)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RefusalError(502, "upstream.answer", "the model server's metadata") from error
    return OipBackend(
        upstream, model, most, said.platform, _specs(said.inputs), _specs(said.outputs)
    )


def _specs(described: list[_Described]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(d.name, d.datatype, tuple(d.shape)) for d in described)
