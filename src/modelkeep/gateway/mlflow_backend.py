"""A model behind MLflow's scoring server: ``POST /invocations``.

One tensor goes as ``inputs``, several as an object of named lists. Predictions come back
as a list, or as an object of named lists.

Source: MLflow, "Deploy MLflow model as a local inference server", request formats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from modelkeep.gateway.interface import Tensors, TensorSpec
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.upstream import Upstream


@dataclass(slots=True)
class MlflowBackend:
    """The one model of a scoring server."""

    upstream: Upstream
    most: int
    platform: str = "mlflow"
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()

    async def infer(self, inputs: Tensors) -> Tensors:
        """Ask the server.

        Raises:
            RefusalError: it does not answer, or with something else than numbers.
        """
        named = {name: values.tolist() for name, values in inputs.items()}
        given = named if len(named) > 1 else next(iter(named.values()))
        document = msgspec.json.encode({"inputs": given})
        body = await self.upstream.request("POST", "/invocations", document)
        try:
            found = msgspec.json.decode(body)["predictions"]
            named = found if isinstance(found, dict) else {"predictions": found}
            outputs = {str(name): np.array(values) for name, values in named.items()}
        except (msgspec.DecodeError, RecursionError, KeyError, TypeError, ValueError) as error:
            raise RefusalError(
                502, "upstream.answer", "no predictions in its answer"
            ) from error
        return {name: self._plain(values) for name, values in outputs.items()}

    def _plain(self, values: np.ndarray[Any, Any]) -> np.ndarray:
        if values.dtype.kind not in "biufU" or values.size > self.most:
            raise RefusalError(
                502, "upstream.answer", "its predictions are no numbers or names"
            )
        return values

    async def close(self) -> None:
        """Close the connections."""
        await self.upstream.close()
