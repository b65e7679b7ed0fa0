"""The parent's side of a model that runs in a confined child.

The child gets the bytes that were scanned, an environment without the user's
variables, and a pipe. It answers with numbers. A child that dies, hangs or talks nonsense
is an error with a name, and never takes the check with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping
from typing import IO, Any, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.models import frames
from modelkeep.models.interface import InputSpec
from modelkeep.models.outputs import to_probabilities
from modelkeep.models.trees import TreeEnsemble, lightgbm_text, sklearn_arrays

MEMORY: Final = 16 << 30  # bytes of address space; libraries map far more than they use
SECONDS: Final = 3600  # CPU time of the child over its life
_ANSWER: Final = 600.0  # seconds to wait for one answer
_KEPT: Final = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE", "LANG", "LC_ALL")
_START: Final = (
    "import sys, json; sys.path[:] = json.loads(sys.argv.pop());"
    "from modelkeep.models.confined_child import main; sys.exit(main())"
)


class Child:
    """A confined process that loaded something."""

    def __init__(self, kind: str, data: bytes) -> None:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= dict.fromkeys(
            ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"
        )
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-B", "-c", _START, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            close_fds=True,
        )
        self._end = weakref.finalize(self, _end, self._process)
        self._kind = kind
        says = {"kind": kind, "memory": MEMORY, "seconds": SECONDS}
        try:
            self.says, self.arrays = self._ask(
                says, {"data": np.frombuffer(data, dtype=np.uint8)}
            )
        except InputError:
            self.close()
            raise

    @property
    def confined_by(self) -> str:
        """What holds the child, in words."""
        locks = [name for name in ("seccomp", "landlock") if self.says.get(name)]
        return ", ".join(["resource limits", *locks])

    def ask(self, rows: np.ndarray) -> np.ndarray:
        """Scores for rows.

        Raises:
            InputError: the model refuses the rows, or the child died or hangs.
        """
        _, arrays = self._ask({}, {"rows": rows})
        return arrays["scores"]

    def close(self) -> None:
        """End the child; also done when nobody refers to it any more."""
        self._end()

    def _ask(
        self, says: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        inward, outward = _streams(self._process)
        watch = threading.Timer(_ANSWER, self._process.kill)
        watch.start()
        try:
            frames.send(inward, says, arrays)
            answer, given = frames.receive(outward)
        except (frames.ClosedError, OSError) as error:
            raise InputError(self._epitaph()) from error
        finally:
            watch.cancel()
        if "error" in answer:
            raise InputError(f"{self._kind}: {answer['error']}", answer.get("hint"))
        return answer, given

    def _epitaph(self) -> str:
        code = self._process.wait()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"the process that held the {self._kind} model ended ({how})"


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):
                stream.close()


def _streams(process: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None:
        raise InputError("the child has no pipes")
    return process.stdin, process.stdout


class ConfinedModel:
    """A classifier that answers from its child."""

    def __init__(self, kind: str, data: bytes) -> None:
        self.kind = kind
        self._child = Child(kind, data)
        self._text = data if kind == "lightgbm" else b""
        self._classes = tuple(str(name) for name in self._child.says["classes"])
        self._features = int(self._child.says["features"])
        self._logits = bool(self._child.says["logits"])

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in output order."""
        return self._classes

    @property
    def spec(self) -> InputSpec:
        """Number of features, where the model says it."""
        return InputSpec((self._features,) if self._features > 0 else None)

    @property
    def note(self) -> str:
        """What a reader of the report should know."""
        return f"{self.kind}: loaded in a child process held by {self._child.confined_by}"

    def trees(self) -> TreeEnsemble:
        """The trees it is made of.

        Raises:
            InputError: it shows none, or some that this form cannot hold.
        """
        if self._text:
            return lightgbm_text.read(self._text.decode("utf-8"))
        return sklearn_arrays.read(self._child.arrays, self._features)

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of ``rows``.

        Raises:
            InputError: rows of another shape, or the child refuses them.
        """
        if self._features > 0 and (rows.ndim != 2 or rows.shape[1] != self._features):  # noqa: PLR2004
            raise InputError(
                f"the model takes {self._features} features, the rows have {rows.shape[1:]}"
            )
        if not len(rows):
            return np.zeros((0, len(self._classes)))
        return to_probabilities(self._child.ask(_plain(rows)), logits=self._logits)


def _plain(rows: np.ndarray) -> np.ndarray:
    """Rows as numbers, or as texts where each row is one.

    Raises:
        InputError: rows of both.
    """
    if rows.dtype.kind != "O":
        return rows
    if rows.ndim == 1:
        return rows.astype(str)
    try:
        return np.asarray(rows, dtype=np.float64)
    except ValueError as error:
        raise InputError(
            f"the model takes numbers ({error})", "Encode categories first: --preprocess."
        ) from error
