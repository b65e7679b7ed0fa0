"""Image sets for benchmarks, in [0, 1]: digits of scikit-learn, and files of a folder.

A folder may hold ``NAME.npz`` (arrays ``x_train``, ``y_train``, ``x_test``, ``y_test``),
``NAME.parquet`` (columns ``split``, ``jpeg`` and ``label``, such as ``cifar10_jpeg``), or the
four gzipped IDX files of MNIST and Fashion-MNIST, as the Debian package
``dataset-fashion-mnist`` brings them.
"""

from __future__ import annotations

import dataclasses
import gzip
import io
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits


@dataclasses.dataclass(frozen=True, slots=True)
class ImageSet:
    """Images ``(n, channels, height, width)`` float32 in [0, 1], and their classes ``(n,)``."""

    name: str
    train: tuple[np.ndarray, np.ndarray]
    test: tuple[np.ndarray, np.ndarray]


def read(name: str, folder: Path | None = None) -> ImageSet:
    """``digits``, or a set by its name from a folder."""
    if name == "digits":
        return digits()
    if folder is None:
        raise SystemExit(f"{name} needs --data DIR")
    path, table = folder / f"{name}.npz", folder / f"{name}.parquet"
    if not path.is_file() and table.is_file():
        return ImageSet(name, *(_shuffled(x, y) for x, y in from_table(table)))
    if path.is_file():
        with np.load(path, allow_pickle=False) as found:  # noqa: TID251 - pickles refused
            parts = [(found[f"x_{part}"], found[f"y_{part}"]) for part in ("train", "test")]
    else:
        parts = [_idx(folder, part) for part in ("train", "t10k")]
    (train, test) = (_shuffled(_scaled(x), y.astype(np.int64)) for x, y in parts)
    return ImageSet(name, train, test)


def from_table(
    path: Path,
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Images and classes of both splits, from JPEG files in a table, in the table's order."""
    from PIL import Image  # noqa: PLC0415 - one set needs it
    from pyarrow import parquet  # noqa: PLC0415

    rows = parquet.read_table(path).to_pylist()

    def part(split: str) -> tuple[np.ndarray, np.ndarray]:
        chosen = [row for row in rows if row["split"] == split]
        images = [np.asarray(Image.open(io.BytesIO(row["jpeg"]))) for row in chosen]
        stacked = np.stack(images).transpose(0, 3, 1, 2).astype(np.float32) / 255
        return stacked, np.array([row["label"] for row in chosen], np.int64)

    return part("train"), part("test")


def _shuffled(images: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In an order of its own: some sets are sorted by class."""
    order = np.random.default_rng(0).permutation(len(labels))
    return images[order], labels[order]


def _scaled(images: np.ndarray) -> np.ndarray:
    shaped = images[:, None] if images.ndim == 3 else images
    return (shaped / 255).astype(np.float32)


def _idx(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        return images, np.frombuffer(file.read(), np.uint8, offset=8)


def digits() -> ImageSet:
    """1,797 digits of 8x8 pixels, the last 500 for testing."""
    images, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(labels))
    images = (images[order] / 16).astype(np.float32).reshape(-1, 1, 8, 8)
    labels = labels[order].astype(np.int64)
    return ImageSet("digits", (images[:-500], labels[:-500]), (images[-500:], labels[-500:]))
