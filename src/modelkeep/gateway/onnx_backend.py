"""A model in this process: an ONNX Runtime session over the bytes the gate decided about."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final

import numpy as np

from modelkeep.gateway.interface import Tensors, TensorSpec
from modelkeep.gateway.refusal import RefusalError

_DATATYPES: Final = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
_INLINE: Final = 0.002  # seconds: a longer run would keep other requests waiting


class OnnxBackend:
    """Runs a session; short runs at once, longer ones in a thread."""

    platform = "onnxruntime"

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
        self._session = session
        self.inputs = tuple(_spec(found) for found in session.get_inputs())
        self.outputs = tuple(_spec(found) for found in session.get_outputs())
        self._names = [found.name for found in self.outputs]
        self._per_row = _INLINE  # seconds; the first run is in a thread

    async def infer(self, inputs: Tensors) -> Tensors:
        """Run the session.

        Raises:
            RefusalError: ONNX Runtime refuses the tensors.
        """
        rows = max(1, len(next(iter(inputs.values()))))
        begun = time.perf_counter()
        if self._per_row * rows < _INLINE:
            answers = self._run(inputs)
        else:
            answers = await asyncio.to_thread(self._run, inputs)
        took = (time.perf_counter() - begun) / rows
        self._per_row += 0.2 * (took - self._per_row)
        return answers

    def _run(self, inputs: Tensors) -> Tensors:
        try:
            found = self._session.run(self._names, inputs)
        except Exception as error:
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise RefusalError(
                400, "schema.runtime", "the model's runtime refuses these tensors"
            ) from error
        return {name: _tensor(values) for name, values in zip(self._names, found, strict=True)}

    async def close(self) -> None:
        """Let the session go."""
        self._session = None


def _spec(found: Any) -> TensorSpec:  # noqa: ANN401
    shape = tuple(size if isinstance(size, int) else -1 for size in found.shape or ())
    return TensorSpec(found.name, _DATATYPES.get(found.type, "FP32"), shape)


def _tensor(values: Any) -> np.ndarray:  # noqa: ANN401 - a tensor, or a list of maps (ZipMap)
    if isinstance(values, list) and values and isinstance(values[0], dict):
        return np.array([list(row.values()) for row in values], dtype=np.float32)
    return np.asarray(values)
