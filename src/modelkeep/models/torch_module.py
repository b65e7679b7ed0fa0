"""safetensors weights in a torch architecture: the white-box case.

The file holds numbers only; the architecture is a function of the user's, named by
``--factory``. Weights and architecture must agree in every name and shape.

Source: safetensors ``torch.load``; PyTorch ``Module.load_state_dict``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.code import call, code_subject, resolve
from modelkeep.models.extras import need
from modelkeep.models.interface import InputSpec, Loaded, Request
from modelkeep.models.outputs import require_one_each, to_probabilities
from modelkeep.sources import read_unchanged

if TYPE_CHECKING:
    import torch

_CHUNK: Final = 2048  # rows per forward pass


class TorchModel:
    """A torch module that answers logits."""

    kind = "torch"

    def __init__(self, module: torch.nn.Module) -> None:
        self._torch = need("torch", "a torch model")
        self.module = module.eval()
        for parameter in self.module.parameters():
            parameter.requires_grad_(False)
        self._classes: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[str, ...]:
        """Class numbers, known after the first prediction."""
        return self._classes

    @property
    def spec(self) -> InputSpec:
        """A module does not say what it takes."""
        return InputSpec()

    @property
    def suffix(self) -> str:
        """Weights are written as safetensors."""
        return ".safetensors"

    def with_module(self, module: torch.nn.Module) -> TorchModel:
        """A model of the same architecture with other weights."""
        return TorchModel(module)

    def to_bytes(self) -> bytes:
        """The weights as safetensors; a tensor known under two names is written under both."""
        writer = need("safetensors.torch", "a safetensors file")
        weights = self.module.state_dict()
        return bytes(writer.save({name: w.clone().contiguous() for name, w in weights.items()}))

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``: the softmax of the module's logits."""
        torch = self._torch
        parts = []
        with torch.no_grad():
            for at in range(0, len(rows), _CHUNK):
                batch = torch.from_numpy(_floats(rows[at : at + _CHUNK]))
                logits = call(
                    f"the module, given rows of {rows.shape[1:]},", self.module, batch
                )
                if not isinstance(logits, torch.Tensor):
                    raise InputError(
                        f"the module answers {type(logits).__name__}, not a tensor"
                    )
                parts.append(require_one_each(logits.numpy(), len(batch)))
        scores = np.concatenate(parts) if parts else np.zeros((0, len(self._classes)))
        result = to_probabilities(scores, logits=True)
        self._classes = self._classes or tuple(str(i) for i in range(result.shape[1]))
        return result


def _floats(rows: np.ndarray) -> np.ndarray:
    try:
        return np.ascontiguousarray(rows, np.float32)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"the rows are not numeric: {error}",
            "Name the step that encodes them: --preprocess package.module:function",
        ) from error


def load(request: Request) -> Loaded:
    """Fill an architecture of the user's with the weights of a safetensors file.

    Raises:
        InputError: no factory named, or weights and architecture disagree.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: torch or safetensors is not installed.
    """
    need("torch", "a torch model")  # which the reader below needs in turn
    reader = need("safetensors.torch", "a safetensors file")
    shown = request.file_of("safetensors") or ""
    weights = reader.load(read_unchanged(request.path(shown), request.sha256(shown)))
    return build(request, weights, shown)


def build(request: Request, weights: Mapping[str, torch.Tensor], shown: str) -> Loaded:
    """Build the architecture and fill in weights.

    Args:
        request: names the function that builds it.
        weights: tensors by name.
        shown: what they come from, for messages.

    Raises:
        InputError: no factory named, or weights and architecture disagree.
        MissingExtraError: torch is not installed.
    """
    if request.code is None or not request.code.factory:
        raise InputError(
            f"{shown} holds weights and no architecture",
            "Name the function that builds it: --factory package.module:function --code DIR",
        )
    torch = need("torch", "a torch model")
    subject = code_subject(request.code.folder)
    factory = resolve(request.code.factory, request.code.folder)
    module = call(request.code.factory, factory)
    if not isinstance(module, torch.nn.Module):
        raise InputError(
            f"{request.code.factory} returned {type(module).__name__}, not a module"
        )
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        lines = " ".join(str(error).split())
        raise InputError(
            f"{shown} does not fit {request.code.factory}: {lines[:300]}"
        ) from error
    return Loaded(TorchModel(module), (subject,))
