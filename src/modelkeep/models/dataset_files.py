"""Data sets from .npz, .parquet, .csv and folders of one folder per class."""

from __future__ import annotations

import tokenize
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.models.dataset import Column, Dataset
from modelkeep.models.extras import need
from modelkeep.sources import Progress, digest_artifact, open_artifact, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

_IMAGES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
_IMAGE_AXES: Final = 4
_TEXT_FILES: Final = (".csv", ".parquet", ".jsonl")


def load_dataset(
    path: Path,
    *,
    label: str = "",
    like: Dataset | None = None,
    progress: Progress | None = None,
) -> Dataset:
    """Read a data set.

    Args:
        path: ``.npz`` with arrays ``x`` and ``y``, ``.parquet``, ``.csv``, or a
            directory with one folder of images per class.
        label: label column of a table; the last one when empty.
        like: a data set whose columns and categories this one must share.
        progress: called with the number of bytes hashed.

    Raises:
        InputError: no such file, another format, or columns that do not fit.
        EvidenceError: it changed while it was read.
        MissingExtraError: the library for this format is not installed.
    """
    artifact = open_artifact(path)
    before = stamp(artifact)
    digest = digest_artifact(artifact, progress).digest
    subject = Subject("dataset", artifact.name, digest)
    if artifact.is_directory:
        dataset = _read_folders(path, subject)
    else:
        reader = _READERS.get(path.suffix.lower())
        if reader is None:
            raise InputError(
                f"{path}: not a data set this version reads",
                "Use .npz (arrays x and y), .parquet, .csv, or a folder per class.",
            )
        dataset = reader(path, subject, label, like)
    if stamp(open_artifact(path)) != before:
        raise EvidenceError(f"{path}: changed while it was being read")
    if len(dataset) == 0:
        raise InputError(f"{path}: holds no rows")
    if like is not None and dataset.rows.shape[1:] != like.rows.shape[1:]:
        raise InputError(
            f"{path}: rows of shape {dataset.rows.shape[1:]}, "
            f"{like.subject.name} has {like.rows.shape[1:]}"
        )
    return dataset


def load_texts(path: Path, *, text: str, label: str = "") -> Dataset:
    """Read a table of texts and their labels.

    Args:
        path: ``.parquet``, ``.csv``, or ``.jsonl`` with one object a line.
        text: the column that holds the texts; other columns are left out.
        label: label column; the last one besides the texts when empty.

    Raises:
        InputError: no such file or column, or a cell that is missing.
        EvidenceError: it changed while it was read.
        MissingExtraError: pyarrow is not installed.
    """
    artifact = open_artifact(path)
    before = stamp(artifact)
    if artifact.is_directory or path.suffix.lower() not in _TEXT_FILES:
        raise InputError(f"{path}: texts are read from .parquet, .csv and .jsonl")
    subject = Subject("dataset", artifact.name, digest_artifact(artifact).digest)
    table = _open_table(path, None)
    names = table.column_names
    others = [name for name in names if name != text]
    target = label or (others[-1] if others else "")
    for name in (text, target):
        if name not in names:
            raise InputError(f"{path}: no column {name!r}", f"Columns: {', '.join(names[:20])}")
    texts, labels = table.column(text).to_pylist(), table.column(target).to_pylist()
    if None in texts or None in labels:
        raise InputError(f"{path}: column {text!r} or {target!r} has missing values")
    if not texts:
        raise InputError(f"{path}: holds no rows")
    if stamp(open_artifact(path)) != before:
        raise EvidenceError(f"{path}: changed while it was being read")
    rows = np.array([str(value) for value in texts], dtype=object)
    return Dataset(subject, rows, np.array([str(value) for value in labels]), (), "text")


def _read_npz(path: Path, subject: Subject, _label: str, _like: Dataset | None) -> Dataset:
    try:
        with path.open("rb") as file:
            arrays = np.load(file, allow_pickle=False)  # noqa: TID251 - pickles refused
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise InputError(f"{path}: one array, not an archive of x and y")
            if not {"x", "y"} <= set(arrays.files):
                raise InputError(f"{path}: needs arrays x and y, has {sorted(arrays.files)}")
            rows, labels = arrays["x"], arrays["y"]
    except (
        ValueError,
        OSError,
        EOFError,
        RuntimeError,
        tokenize.TokenError,  # from a header that NumPy takes for one of Python 2
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputError(f"{path}: cannot be read as arrays ({error})") from error
    if labels.ndim != 1 or rows.ndim < 2 or len(labels) != len(rows):  # noqa: PLR2004
        raise InputError(
            f"{path}: x has shape {rows.shape}, y {labels.shape}; want (n, ...), (n,)"
        )
    if not len(rows):
        raise InputError(f"{path}: holds no rows")
    if rows.dtype.kind not in "fiub":
        raise InputError(f"{path}: x holds {rows.dtype}, not numbers")
    if rows.ndim == _IMAGE_AXES - 1:
        rows = rows[:, None]
    image = rows.ndim == _IMAGE_AXES
    scaled = rows / 255.0 if image and rows.dtype.kind in "iu" and rows.max() > 1 else rows
    scaled = scaled.astype(np.float32)
    if not np.isfinite(scaled).all():
        raise InputError(f"{path}: x holds NaN or infinity", "Fill or drop those rows.")
    if image and (scaled.min() < 0 or scaled.max() > 1):
        raise InputError(
            f"{path}: image values lie in [{scaled.min()}, {scaled.max()}], want [0, 1]"
        )
    columns = () if image else tuple(Column(f"x{i}") for i in range(rows.shape[1]))
    return Dataset(
        subject, scaled, labels.astype(str), columns, "image" if image else "tabular"
    )


def _read_table(path: Path, subject: Subject, label: str, like: Dataset | None) -> Dataset:
    table = _open_table(path, like)
    names = table.column_names
    target = label or names[-1]
    if target not in names:
        raise InputError(f"{path}: no column {target!r}", f"Columns: {', '.join(names[:20])}")
    known = {column.name: column for column in like.columns} if like is not None else {}
    features = [name for name in names if name != target]
    if known and features != list(known):
        raise InputError(
            f"{path}: columns differ from those of {like.subject.name if like else ''}"
        )
    columns, arrays = [], []
    for name in features:
        column, values = _column(name, table.column(name), known.get(name), path)
        columns.append(column)
        arrays.append(values)
    if not arrays:
        raise InputError(f"{path}: has no column besides {target!r}")
    values = table.column(target).to_pylist()
    if None in values:
        raise InputError(f"{path}: label column {target!r} has missing values")
    labels = np.array([str(value) for value in values])
    return Dataset(subject, np.stack(arrays, axis=1).astype(np.float32), labels, tuple(columns))


def _open_table(path: Path, like: Dataset | None) -> Any:  # noqa: ANN401 - pyarrow has no types
    """The table, its columns named apart."""
    arrow = need("pyarrow", "a table")
    try:
        if path.suffix.lower() == ".csv":
            table = _read_csv(path, like)
        elif path.suffix.lower() == ".jsonl":
            table = need("pyarrow.json", "a table").read_json(path)
        else:
            table = need("pyarrow.parquet", "a table").read_table(path)
        names = table.column_names
    except (arrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a table ({error})") from error
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InputError(f"{path}: two columns are named {twice!r}")
    return table


def _read_csv(path: Path, like: Dataset | None) -> Any:  # noqa: ANN401 - pyarrow has no types
    """A CSV file; columns that hold text in the other data set are text here too."""
    csv = need("pyarrow.csv", "a table")
    text = need("pyarrow", "a table").string()
    columns = like.columns if like is not None else ()
    types = {column.name: text for column in columns if column.categories}
    return csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=types))


def _column(
    name: str,
    values: Any,  # noqa: ANN401 - pyarrow has no types
    known: Column | None,
    path: Path,
) -> tuple[Column, np.ndarray]:
    types = need("pyarrow.types", "a table")
    kind = values.type
    if types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind):
        array = np.array([np.nan if v is None else float(v) for v in values.to_pylist()])
        if not np.isfinite(array).all():
            raise InputError(
                f"{path}: column {name!r} has missing values", "Fill or drop those rows first."
            )
        return Column(name), array
    texts = ["" if value is None else str(value) for value in values.to_pylist()]
    if known is not None and not known.categories:
        raise InputError(
            f"{path}: column {name!r} is text here and numeric in the other data set"
        )
    categories = known.categories if known is not None else tuple(sorted(set(texts)))
    codes = {text: index for index, text in enumerate(categories)}
    unknown = sorted(set(texts) - set(codes))
    if unknown:
        raise InputError(
            f"{path}: column {name!r} has categories never seen before: {unknown[:5]}"
        )
    return Column(name, categories), np.array([codes[text] for text in texts], dtype=float)


def _read_folders(path: Path, subject: Subject) -> Dataset:
    images = need("PIL.Image", "a folder of images")
    rows, labels = [], []
    for folder in sorted(entry for entry in path.iterdir() if entry.is_dir()):
        for file in sorted(folder.iterdir()):
            if file.suffix.lower() not in _IMAGES:
                continue
            try:
                with images.open(file) as image:
                    if image.mode.startswith(("I", "F")):
                        raise InputError(f"{file}: only images of 8 bits a channel are read")
                    pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
            except (OSError, ValueError, images.DecompressionBombError) as error:
                raise InputError(f"{file}: not an image that can be read ({error})") from error
            rows.append(pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1))  # noqa: PLR2004
            labels.append(folder.name)
    if not rows:
        raise InputError(f"{path}: no images in folders of one class each")
    if len({row.shape for row in rows}) > 1:
        raise InputError(f"{path}: images differ in size", "Resize them to one shape first.")
    return Dataset(
        subject, np.stack(rows).astype(np.float32) / 255, np.array(labels), (), "image"
    )


_READERS: Final[dict[str, Callable[[Path, Subject, str, Dataset | None], Dataset]]] = {
    ".npz": _read_npz,
    ".parquet": _read_table,
    ".csv": _read_table,
}
