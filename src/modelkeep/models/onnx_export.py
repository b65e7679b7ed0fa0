"""From a torch module to an ONNX file that answers the same.

The exporter traces the module on one row; what the module does otherwise on other rows is not
in the file, so the file is compared with the module before anything relies on it.

Source: PyTorch ``torch.onnx.export`` (the tracing exporter, which needs no further library).
"""

from __future__ import annotations

import io
import warnings
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.onnx_loading import from_bytes
from modelkeep.models.onnx_session import OnnxModel
from modelkeep.models.outputs import softmax

if TYPE_CHECKING:
    import torch

_OPSET: Final = 17
_TOLERANCE: Final = 1e-3  # of a probability


def export(module: torch.nn.Module, rows: np.ndarray) -> OnnxModel:
    """The module as an ONNX model that answers logits.

    Args:
        module: from float32 rows to logits.
        rows: some rows, ``(n, ...)`` with n of 2 or more, on which both are compared.

    Raises:
        InputError: it cannot be written as ONNX, or the file answers otherwise.
        MissingExtraError: torch, onnx or onnxruntime is not installed.
    """
    torch = need("torch", "an ONNX export")
    need("onnx", "an ONNX export")
    given = torch.from_numpy(np.ascontiguousarray(rows, np.float32))
    sink = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter(
                "ignore"
            )  # about the exporter's successor and traced branches
            torch.onnx.export(
                module.eval(),
                (given[:1],),
                sink,
                dynamo=False,
                opset_version=_OPSET,
                input_names=["rows"],
                output_names=["logits"],
                dynamic_axes={"rows": {0: "batch"}, "logits": {0: "batch"}},
            )
            expected = module(given).numpy()
    except (RuntimeError, TypeError, ValueError) as error:
        first = str(error).strip().splitlines()[0]
        raise InputError(f"the module cannot be written as ONNX ({first})") from error
    model = from_bytes(sink.getvalue())
    found = model.scores(np.ascontiguousarray(rows, np.float32))
    if found.shape != expected.shape or not np.allclose(
        softmax(found), softmax(expected), atol=_TOLERANCE
    ):
        raise InputError("the module, written as ONNX, does not answer as it did")
    return model
