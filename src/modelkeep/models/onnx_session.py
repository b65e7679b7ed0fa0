"""ONNX models through ONNX Runtime: protobuf in, no code.

Where torch is installed and every operator is known, a converted copy gives the gradient;
every answer still comes from ONNX Runtime. A trained copy is written back as the same graph
with other initialisers. A model may say in an output of its own which rows it answers at all.

Source: ONNX Runtime Python API (``InferenceSession`` from bytes).
"""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from modelkeep.core import InputError, MissingExtraError
from modelkeep.models.extras import need
from modelkeep.models.interface import InputSpec, Model
from modelkeep.models.outputs import are_probabilities, require_one_each, to_probabilities
from modelkeep.models.trees import TreeEnsemble, onnx_trees
from modelkeep.models.wrappers import (
    ACCEPTED,
    Base,
    Smoothing,
    Wrapped,
    has_manifest,
    read_base,
    read_wrapped,
)

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
    suffix = ".onnx"

    def __init__(self, session: Any, data: bytes = b"") -> None:  # noqa: ANN401 - onnxruntime has no types
        self._session = session
        self._data = data
        self._inputs = session.get_inputs()
        outputs = session.get_outputs()
        self._output, self._maps = _pick_output(outputs)
        self.abstains = any(o.name == ACCEPTED and o.type == "tensor(bool)" for o in outputs)
        self._logits: bool | None = None
        self._classes: tuple[str, ...] = ()
        self._batch = _fixed_batch(self._inputs[0])

    @functools.cached_property
    def wrapped(self) -> Wrapped | None:
        """What the file is made of, ``None`` where it is no wrapper or not what it says."""
        try:
            return read_wrapped(self._data)
        except (InputError, MissingExtraError):
            return None

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

    def to_bytes(self) -> bytes:
        """The ONNX file.

        Raises:
            InputError: it is not one file.
        """
        if not self._data:
            raise InputError("the model is not one ONNX file")
        return self._data

    def base(self, rows: np.ndarray) -> Base:
        """The graph as one to draw a wrapper around; ``rows`` settle what it answers.

        Raises:
            InputError: nothing can be drawn around it, or it is wrapped already.
        """
        if has_manifest(self.to_bytes()):
            raise InputError("the model is wrapped already", "Wrap the model inside instead.")
        self.predict(rows)
        scores = self.scores(rows[: self._step])
        return read_base(self._data, self._output, scores, logits=bool(self._logits))

    def answers(self, rows: np.ndarray) -> np.ndarray:
        """Places of the classes answered, -1 where the model does not answer, ``(batch,)``."""
        if not self.abstains:
            return np.asarray(self.predict(rows).argmax(axis=1))
        step = self._step
        parts = [
            self._run([self._output, ACCEPTED], rows[at : at + step])
            for at in range(0, len(rows), step)
        ]
        classes = [np.where(accepted, to_classes(scores), -1) for scores, accepted in parts]
        return np.concatenate(classes) if classes else np.zeros(0, np.int64)

    @property
    def _step(self) -> int:
        """Most rows of one call; a model that copies rows gets fewer."""
        copies = 1
        if self.wrapped is not None and isinstance(self.wrapped.wrapper, Smoothing):
            copies = self.wrapped.wrapper.draws
        return self._batch or max(1, _CHUNK // copies)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``."""
        step = self._step
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
        answer: np.ndarray = self._run([self._output], rows)[0]
        return answer

    def _run(self, outputs: list[str], rows: np.ndarray) -> list[np.ndarray]:
        padded = rows
        if self._batch and len(rows) < self._batch:
            padded = np.concatenate([rows, rows[[-1] * (self._batch - len(rows))]])
        try:
            answers = self._session.run(outputs, self._feed(padded))
        except Exception as error:
            if not type(error).__module__.startswith("onnxruntime"):
                raise
            raise InputError(
                f"ONNX Runtime refuses the rows: {str(error).splitlines()[0]}",
                "Check the data's shape, or name the step between raw rows and the model: "
                "--preprocess package.module:function",
            ) from error
        if self._maps:
            self._classes = tuple(str(key) for key in answers[0][0])
            answers[0] = np.array([list(row.values()) for row in answers[0]])
        whole = (require_one_each(np.asarray(answer), len(padded)) for answer in answers)
        return [answer[: len(rows)] for answer in whole]

    @property
    def output(self) -> str:
        """Name of the output that holds scores."""
        return self._output

    def _feed(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        if len(self._inputs) == 1:
            _require_fitting(rows, self._inputs[0].shape)
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
        session = open_runtime(need("onnxruntime", "an ONNX model"), data)
        plain = OnnxModel(session, data)
        onnx = need("onnx", "a gradient of an ONNX model")
        again = convert(onnx.load_model_from_string(data), plain.output, plain.scores)
        return TrainableOnnx(session, again, data)


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


def _require_fitting(rows: np.ndarray, shape: list[int | str | None]) -> None:
    """Refuse rows of another shape in words of ours: the runtime's name no file or option."""
    wanted, given = shape[1:], rows.shape[1:]
    fits = len(wanted) == len(given) and all(
        not isinstance(size, int) or size == have
        for size, have in zip(wanted, given, strict=True)
    )
    if shape and not fits:
        sizes = ", ".join(str(size) if isinstance(size, int) else "any" for size in wanted)
        have = ", ".join(map(str, given))
        raise InputError(
            f"the model takes rows of shape ({sizes}), the data has ({have})",
            "Check the data's columns or sizes, or name the step between raw rows and the "
            "model: --preprocess package.module:function",
        )


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
        types = ", ".join(sorted({found.type for found in outputs}))
        raise InputError(
            f"the model answers {types}: labels only, or scores that are no float or double",
            "Export it with its probabilities as float.",
        )
    return tensors[-1].name, False


def _decide_logits(scores: np.ndarray) -> bool:
    if scores.ndim == 2 and scores.shape[1] > 1:  # noqa: PLR2004
        return not are_probabilities(scores)
    return bool((scores < 0).any() or (scores > 1).any())


def to_classes(scores: np.ndarray) -> np.ndarray:
    """Places of the greatest scores; of one column, whether it is the second class."""
    flat = scores.reshape(len(scores), -1)
    return flat.argmax(axis=1) if flat.shape[1] > 1 else (flat[:, 0] > 0.5).astype(np.int64)  # noqa: PLR2004 - half


def open_runtime(runtime: Any, model: str | bytes, *, seed: int | None = None) -> Any:  # noqa: ANN401 - onnxruntime has no types
    """A session; ``seed`` of the noise it draws, from the operating system where none is given.

    ONNX Runtime would take the clock, which an attacker knows.
    """
    runtime.set_default_logger_severity(3)
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1  # the same sums in the same order on every machine
    options.inter_op_num_threads = 1
    runtime.set_seed(_secret() if seed is None else seed)
    try:
        return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    finally:
        runtime.set_seed(_secret())


def _secret() -> int:
    return int.from_bytes(os.urandom(6), "big")
