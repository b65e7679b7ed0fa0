"""One IN/OUT matrix: which shadow model saw which row, and what it said about each.

Every attack that rests on shadow models is arithmetic on these arrays, so they are kept:
another attack, or another target, is scored later without training anything. Nothing in
them but log-probabilities and booleans; the rows stay where they are.

On disk it is an ``.npz`` whose member ``header`` is JSON (UTF-8 bytes): format, version, the
recipe, its seed and the SHA-256 of the rows and classes the numbers belong to. Pickled
members are refused.

Source: Carlini et al., IEEE S&P 2022 (each row in just half of the shadow models).
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from modelkeep.core import InputError

FORMAT: Final = "modelkeep shadow matrix"
VERSION: Final = 1
_TINY: Final = 1e-12
_LEAST_MODELS: Final = 2


@dataclass(frozen=True, slots=True)
class Told:
    """What models say about the right class of rows, shape ``(..., n)`` float64.

    Attributes:
        log_right: log-probability of the right class.
        confidence: its log-odds, log p - log(1 - p).
    """

    log_right: np.ndarray
    confidence: np.ndarray


def told(scores: np.ndarray, truth: np.ndarray) -> Told:
    """What probabilities say about the right classes.

    Args:
        scores: probabilities, shape ``(..., n, classes)``.
        truth: right classes, shape ``(n,)``.
    """
    rows = np.arange(len(truth))
    right = np.clip(scores[..., rows, truth], _TINY, None)
    others = np.array(scores, dtype=np.float64)  # summed apart: 1 - p loses all digits near 1
    others[..., rows, truth] = 0
    log_right = np.log(right)
    return Told(log_right, log_right - np.log(np.clip(others.sum(axis=-1), _TINY, None)))


@dataclass(frozen=True, slots=True)
class ShadowMatrix:
    """Shadow models by rows.

    Attributes:
        included: whether a model was trained on a row, shape ``(models, n)`` boolean.
        said: what each says about each row's right class, shape ``(models, n)``.
        recipe: how they were trained.
        seed: that repeats it.
        rows_sha256: digest of the rows and their classes.
    """

    included: np.ndarray
    said: Told
    recipe: str
    seed: int
    rows_sha256: str

    def __post_init__(self) -> None:
        """Every row must be IN somewhere and OUT somewhere.

        Raises:
            InputError: shapes differ, numbers are not finite, or a row has only one side.
        """
        shape = self.included.shape
        if len(shape) != 2 or self.included.dtype != np.bool_:  # noqa: PLR2004
            raise InputError("a shadow matrix needs booleans (models, rows)")
        for array in (self.said.log_right, self.said.confidence):
            if array.shape != shape or not np.isfinite(array).all():
                raise InputError(
                    f"a shadow matrix of {shape} holds numbers of {array.shape}, or NaN",
                    "Train the shadow models again.",
                )
        seen = self.included.sum(axis=0)
        if (seen == 0).any() or (seen == shape[0]).any():
            raise InputError("a row that all or none of the shadow models saw cannot be judged")


def draw_halves(models: int, rows: int, seed: int) -> np.ndarray:
    """Which model is trained on which row: every row in just half of them.

    Raises:
        InputError: an odd number of models, or fewer than two.
    """
    if models < _LEAST_MODELS or models % 2:
        raise InputError(f"{models} shadow models: an even number from 2 on is needed")
    order = np.random.default_rng(seed).random((models, rows)).argsort(axis=0)
    return np.asarray(order < models // 2)


def digest_rows(rows: np.ndarray, truth: np.ndarray) -> str:
    """SHA-256 of rows (of numbers or of texts) and their classes, in this order."""
    digest = hashlib.sha256(str((rows.shape, len(truth))).encode())
    plain = rows.astype(np.float32) if rows.dtype.kind in "fiub" else rows.astype(str)
    digest.update(np.ascontiguousarray(plain).tobytes())
    digest.update(np.ascontiguousarray(truth, dtype=np.int64).tobytes())
    return digest.hexdigest()


def write_matrix(path: Path, matrix: ShadowMatrix) -> None:
    """Write a matrix; float32 halves the file and costs no rank."""
    header = {
        "format": FORMAT,
        "version": VERSION,
        "recipe": matrix.recipe,
        "seed": matrix.seed,
        "rows_sha256": matrix.rows_sha256,
    }
    np.savez_compressed(
        path,
        header=np.frombuffer(json.dumps(header).encode(), np.uint8),
        included=matrix.included,
        log_right=matrix.said.log_right.astype(np.float32),
        confidence=matrix.said.confidence.astype(np.float32),
    )


def read_matrix(path: Path, rows_sha256: str | None = None) -> ShadowMatrix:
    """Read what ``write_matrix`` wrote.

    Args:
        path: the file.
        rows_sha256: digest of the rows it must belong to, where they are known.

    Raises:
        InputError: it is something else, or belongs to other rows.
    """
    hint = "Write it with write_matrix, or train the shadow models again."
    try:
        with path.open("rb") as file:  # closed here also where it is no archive
            found = np.load(file, allow_pickle=False)  # noqa: TID251 - pickles refused
            header = json.loads(found["header"].tobytes())
            if (header["format"], header["version"]) != (FORMAT, VERSION):
                raise InputError(f"{path}: version {header['version']!r} is not known", hint)
            said = Told(found["log_right"].astype(float), found["confidence"].astype(float))
            included, recipe = found["included"], str(header["recipe"])
            seed, digest = int(header["seed"]), str(header["rows_sha256"])
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{path} is no shadow matrix ({type(error).__name__})", hint
        ) from error
    if rows_sha256 is not None and rows_sha256 != digest:
        raise InputError(f"{path} belongs to other rows or classes", hint)
    return ShadowMatrix(included, said, recipe, seed, digest)
