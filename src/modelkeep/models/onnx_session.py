"""ONNX models through ONNX Runtime: protobuf in, no code.

Where torch is installed and every operator is known, a converted copy gives the gradient;
every answer still comes from ONNX Runtime. A trained copy is written back as the same graph
with other initialisers.

Source: ONNX Runtime Python API (``InferenceSession`` from bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from modelkeep.core import InputError, MissingExtraError
from modelkeep.models.extras import need
from modelkeep.models.interface import InputSpec, Loaded, Model, Request
from modelkeep.models.outputs import are_probabilities, to_probabilities
from modelkeep.models.trees import TreeEnsemble, onnx_trees
from modelkeep.sources import private_copy, read_unchanged

if TYPE_CHECKING:
    import torch

_CHUNK: Final = 4096  # rows per call
_NUMPY: Final = {
    "tensor(float)": np.float32,
    "tensor(double)": np.float64,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(uint8)": np.uint8,
}


class OnnxModel:
    """A classifier in an ONNX Runtime session."""

    kind = "onnxruntime"

    def __init__(self, session: Any, data: bytes = b"") -> None:  # noqa: ANN401 - onnxruntime has no types
        self._session = session
        self._data = data
        self._inputs = session.get_inputs()
        self._output, self._maps = _pick_output(session.get_outputs())
        self._logits: bool | None = None
        self._classes: tuple[str, ...] = ()
        self._batch = _fixed_batch(self._inputs[0])

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names, known after the first prediction."""
        return self._classes

    @property
    def spec(self) -> InputSpec:
        """Shape of one row, or one name per column."""
        if len(self._inputs) > 1:
            return InputSpec(columns=tuple(found.name for found in self._inputs))
        shape = self._inputs[0].shape[1:]
        return InputSpec(tuple(d if isinstance(d, int) else -1 for d in shape))

    def trees(self) -> TreeEnsemble:
        """The trees it is made of.

        Raises:
            InputError: it is not one file with one ensemble of trees on its input.
            MalformedArtifactError: its bytes are no protobuf.
        """
        shape = self.spec.shape
        if not self._data or shape is None or len(shape) != 1 or shape[0] < 1:
            raise InputError("the model is not one file of trees on rows of a known width")
        return onnx_trees.read(self._data, shape[0])

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``."""
        step = self._batch or _CHUNK
        parts = [self.scores(rows[at : at + step]) for at in range(0, len(rows), step)]
        scores = np.concatenate(parts) if parts else np.zeros((0, len(self._classes)))
        if self._logits is None and len(scores):
            self._logits = _decide_logits(scores)
        elif self._logits is False and len(scores) and _decide_logits(scores):
            raise InputError(
                "the model's scores looked like probabilities at first and do not now",
                "Export it with a softmax or sigmoid at its end.",
            )
        result = to_probabilities(scores, logits=self._logits)
        if not self._classes:
            self._classes = tuple(str(index) for index in range(result.shape[1]))
        return result

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """What ONNX Runtime answers, as it answers it; no more rows than a fixed batch has."""
        padded = rows
        if self._batch and len(rows) < self._batch:
            padded = np.concatenate([rows, rows[[-1] * (self._batch - len(rows))]])
        try:
            (answer,) = self._session.run([self._output], self._feed(padded))
        except Exception as error:
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise InputError(
                f"ONNX Runtime refuses the rows: {str(error).splitlines()[0]}",
                "Check the data's shape, or name the step between raw rows and the model: "
                "--preprocess package.module:function",
            ) from error
        if self._maps:
            self._classes = tuple(str(key) for key in answer[0])
            answer = np.array([list(row.values()) for row in answer])
        return np.asarray(answer)[: len(rows)]

    @property
    def output(self) -> str:
        """Name of the output that holds scores."""
        return self._output

    def _feed(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if len(self._inputs) == 1:
            return {self._inputs[0].name: _cast(rows, self._inputs[0])}
        if rows.ndim != 2 or rows.shape[1] != len(self._inputs):  # noqa: PLR2004
            raise InputError(
                f"the model takes {len(self._inputs)} columns, the rows have {rows.shape[1:]}"
            )
        return {
            found.name: _cast(rows[:, [index]], found)
            for index, found in enumerate(self._inputs)
        }


class DifferentiableOnnx(OnnxModel):
    """A classifier in an ONNX Runtime session, with a converted copy for its gradient."""

    def __init__(self, session: Any, module: torch.nn.Module, data: bytes = b"") -> None:  # noqa: ANN401
        super().__init__(session, data)
        self.module = module


class TrainableOnnx(DifferentiableOnnx):
    """One whose file can be written with the weights of a trained copy."""

    @property
    def suffix(self) -> str:
        """The graph stays an ONNX graph."""
        return ".onnx"

    def with_module(self, module: torch.nn.Module) -> Model:
        """The same graph with the weights of ``module``, compared with ONNX Runtime anew.

        Raises:
            InputError: the module is not of this graph, or ONNX Runtime answers otherwise.
        """
        # Imported here: it needs torch, which answering does not.
        from modelkeep.models.onnx_torch import LogitModule, convert, with_weights  # noqa: PLC0415

        if not isinstance(module, LogitModule):
            raise InputError("these are not weights of this ONNX graph")
        data = with_weights(self._data, module.weights())
        session = _session(need("onnxruntime", "an ONNX model"), data)
        plain = OnnxModel(session, data)
        onnx = need("onnx", "a gradient of an ONNX model")
        again = convert(onnx.load_model_from_string(data), plain.output, plain.scores)
        return TrainableOnnx(session, again, data)

    def to_bytes(self) -> bytes:
        """The ONNX file."""
        return self._data


def _cast(rows: np.ndarray, found: Any) -> np.ndarray:  # noqa: ANN401
    if found.type == "tensor(string)":
        return rows.astype(str)
    try:
        return rows.astype(_NUMPY[found.type])
    except KeyError:
        raise InputError(f"model input {found.name!r} has type {found.type}") from None
    except ValueError as error:
        raise InputError(
            f"column {found.name!r} is not numeric: {error}",
            "Name the step that encodes it: --preprocess package.module:function",
        ) from error


def _fixed_batch(found: Any) -> int | None:  # noqa: ANN401
    first = found.shape[0] if found.shape else None
    return first if isinstance(first, int) and first > 0 else None


def _pick_output(outputs: Any) -> tuple[str, bool]:  # noqa: ANN401
    """The output that holds scores, and whether it is a list of maps (ZipMap)."""
    for found in outputs:
        if found.type.startswith("seq(map("):
            return found.name, True
    tensors = [found for found in outputs if found.type in ("tensor(float)", "tensor(double)")]
    if not tensors:
        raise InputError(
            "the model answers labels only: no float output to read scores from",
            "Export it with its probabilities.",
        )
    return tensors[-1].name, False


def _decide_logits(scores: np.ndarray) -> bool:
    if scores.ndim == 2 and scores.shape[1] > 1:  # noqa: PLR2004
        return not are_probabilities(scores)
    return bool((scores < 0).any() or (scores > 1).any())


def load(request: Request) -> Loaded:
    """The classifier in the one ONNX file of an artifact.

    Raises:
        InputError: ONNX Runtime refuses it.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: onnxruntime is not installed.
    """
    with _opened(request) as (session, parse, data):
        return _with_gradient(session, parse, data)


def open_session(request: Request) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Open the one ONNX file of an artifact, from the bytes that have the digest it had.

    Raises:
        InputError: ONNX Runtime refuses it.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: onnxruntime is not installed.
    """
    with _opened(request) as (session, _, _):
        return session


@contextmanager
def _opened(request: Request) -> Iterator[tuple[Any, Callable[[Any], Any], bytes]]:
    """The session, what parses the same bytes with ``onnx``, and the bytes of a lone file."""
    runtime = need("onnxruntime", "an ONNX model")
    shown = request.file_of("onnx") or ""
    try:
        if request.artifact.is_directory:  # tensors may lie in files beside it
            with private_copy(request.artifact, request.manifest) as folder:
                path = str(folder / shown)
                session = _session(runtime, path)
                yield session, lambda onnx: onnx.load(path), b""
        else:
            data = read_unchanged(request.path(shown), request.sha256(shown))
            session = _session(runtime, data)
            yield session, lambda onnx: onnx.load_model_from_string(data), data
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        first = str(error).splitlines()[0]
        raise InputError(f"{shown}: ONNX Runtime cannot load it ({first})") from error


def _session(runtime: Any, model: str | bytes) -> Any:  # noqa: ANN401 - onnxruntime has no types
    runtime.set_default_logger_severity(3)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # the same sums in the same order on every machine
    options.inter_op_num_threads = 1
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


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
