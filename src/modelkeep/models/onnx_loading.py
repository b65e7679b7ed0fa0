"""From one ONNX file to a model, with a converted copy for its gradient where there is one.

Source: ONNX Runtime Python API (``InferenceSession`` from bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from modelkeep.core import InputError, MissingExtraError
from modelkeep.models.extras import need
from modelkeep.models.interface import Loaded, Request
from modelkeep.models.onnx_session import (
    DifferentiableOnnx,
    OnnxModel,
    TrainableOnnx,
    open_runtime,
)
from modelkeep.models.wrappers import read_wrapped
from modelkeep.sources import private_copy, read_unchanged

_SEED: Final = 0  # of noise that a model draws while it is assessed


def from_bytes(data: bytes) -> OnnxModel:
    """The classifier in one ONNX file; its noise, if it draws any, is the same every time.

    Raises:
        InputError: ONNX Runtime refuses it.
        MissingExtraError: onnxruntime is not installed.
    """
    runtime = need("onnxruntime", "an ONNX model")
    try:
        session = open_runtime(runtime, data, seed=_SEED)
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        raise InputError(
            f"ONNX Runtime cannot load it ({str(error).splitlines()[0]})"
        ) from error
    loaded = _with_gradient(session, lambda onnx: onnx.load_model_from_string(data), data)
    if not isinstance(loaded.model, OnnxModel):
        raise TypeError("not a model of this file")
    return loaded.model


def load(request: Request) -> Loaded:
    """The classifier in the one ONNX file of an artifact.

    Raises:
        InputError: ONNX Runtime refuses it.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: onnxruntime is not installed.
    """
    with _opened(request, seed=_SEED) as (session, parse, data):
        loaded = _with_gradient(session, parse, data)
        try:
            read_wrapped(data)
        except (InputError, MissingExtraError) as error:
            note = f"its wrapper is not believed: {error.message}"
            return Loaded(loaded.model, notes=(*loaded.notes, note))
        return loaded


def open_session(request: Request) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Open the one ONNX file of an artifact, from the bytes that have the digest it had.

    A model that draws noise draws other noise in every session.

    Raises:
        InputError: ONNX Runtime refuses it.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: onnxruntime is not installed.
    """
    with _opened(request) as (session, _, _):
        return session


@contextmanager
def _opened(
    request: Request, *, seed: int | None = None
) -> Iterator[tuple[Any, Callable[[Any], Any], bytes]]:
    """The session, what parses the same bytes with ``onnx``, and the bytes of a lone file."""
    runtime = need("onnxruntime", "an ONNX model")
    shown = request.file_of("onnx") or ""
    try:
        if request.artifact.is_directory:  # tensors may lie in files beside it
            with private_copy(request.artifact, request.manifest) as folder:
                path = str(folder / shown)
                session = open_runtime(runtime, path, seed=seed)
                yield session, lambda onnx: onnx.load(path), b""
        else:
            data = read_unchanged(request.path(shown), request.sha256(shown))
            session = open_runtime(runtime, data, seed=seed)
            yield session, lambda onnx: onnx.load_model_from_string(data), data
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        first = str(error).splitlines()[0]
        raise InputError(f"{shown}: ONNX Runtime cannot load it ({first})") from error


def _with_gradient(
    session: Any,  # noqa: ANN401 - onnxruntime has no types
    parse: Callable[[Any], Any],
    data: bytes = b"",
) -> Loaded:
    """The model with a converted copy for its gradient, or with a note why there is none."""
    model = OnnxModel(session, data)
    try:
        need("torch", "a gradient of an ONNX model")
        onnx = need("onnx", "a gradient of an ONNX model")
        # Imported here: it needs torch, which answering does not.
        from modelkeep.models.onnx_torch import convert  # noqa: PLC0415

        module = convert(parse(onnx), model.output, model.scores)
    except (InputError, MissingExtraError) as error:
        why = f"the model is attacked without its gradient ({error.message})"
        return Loaded(model, notes=(why,))
    if data and module.weights():
        return Loaded(TrainableOnnx(session, module, data))
    return Loaded(DifferentiableOnnx(session, module, data))
