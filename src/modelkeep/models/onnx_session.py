"""ONNX models through ONNX Runtime: protobuf in, no code, no gradient.

Source: ONNX Runtime Python API (``InferenceSession`` from bytes).
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.extras import need
from modelkeep.models.interface import InputSpec, Loaded, Request
from modelkeep.models.outputs import are_probabilities, to_probabilities
from modelkeep.sources import private_copy, read_unchanged

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

    def __init__(self, session: Any) -> None:  # noqa: ANN401 - onnxruntime has no types
        self._session = session
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

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``."""
        step = self._batch or _CHUNK
        parts = [self._scores(rows[at : at + step]) for at in range(0, len(rows), step)]
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

    def _scores(self, rows: np.ndarray) -> np.ndarray:
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
    return Loaded(OnnxModel(open_session(request)))


def open_session(request: Request) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """Open the one ONNX file of an artifact, from the bytes that have the digest it had.

    Raises:
        InputError: ONNX Runtime refuses it.
        EvidenceError: the bytes changed since they were scanned.
        MissingExtraError: onnxruntime is not installed.
    """
    runtime = need("onnxruntime", "an ONNX model")
    runtime.set_default_logger_severity(3)
    shown = request.file_of("onnx") or ""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # the same sums in the same order on every machine
    options.inter_op_num_threads = 1
    try:
        if request.artifact.is_directory:  # tensors may lie in files beside it
            with private_copy(request.artifact, request.manifest) as folder:
                return runtime.InferenceSession(
                    str(folder / shown), options, providers=["CPUExecutionProvider"]
                )
        else:
            data = read_unchanged(request.path(shown), request.sha256(shown))
            return runtime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        if not type(error).__module__.startswith("onnxruntime"):
            raise
        first = str(error).splitlines()[0]
        raise InputError(f"{shown}: ONNX Runtime cannot load it ({first})") from error
