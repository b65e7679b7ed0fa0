"""NumPy archives as streams of rows: one column per array, read through the zip.

Arrays of more dimensions become fixed-size lists. Objects (pickles) are refused by the
header; nothing is unpickled.
"""

from __future__ import annotations

import math
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.data.interface import BLOCK, Arrow
from modelkeep.models.extras import need

_PLAIN: Final = "fiubUS"
_PART: Final = 32 << 20  # bytes of an array read at a time


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    stream: IO[bytes]
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]

    @property
    def width(self) -> int:
        return math.prod(self.shape[1:]) * self.dtype.itemsize


def read_npz(path: Path) -> Iterator[Arrow]:
    """Record batches of the arrays of an archive, row by row together.

    Raises:
        InputError: not such an archive, an array of objects, arrays of different
            length, or one stored column by column.
    """
    try:
        with zipfile.ZipFile(path) as archive, ExitStack() as stack:
            members = [
                _open(path, name, stack.enter_context(archive.open(name)))
                for name in archive.namelist()
            ]
            yield from _batches(path, members)
    except (
        ValueError,
        EOFError,
        RuntimeError,
        NotImplementedError,
        tokenize.TokenError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise InputError(f"{path}: cannot be read as arrays ({error})") from error


def _open(path: Path, name: str, stream: IO[bytes]) -> _Member:
    if not name.endswith(".npy"):
        raise InputError(f"{path}: holds {name!r}, which is no array")
    version = np.lib.format.read_magic(stream)
    header = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        header = np.lib.format.read_array_header_2_0
    shape, columnwise, dtype = header(stream)
    long = dtype.kind == "f" and dtype.itemsize > 8  # noqa: PLR2004 - extended precision
    if dtype.kind not in _PLAIN or long or not shape or dtype.itemsize == 0:
        raise InputError(f"{path}: array {name!r} of {dtype} {shape} has no rows to seal")
    if columnwise and len(shape) > 1:
        raise InputError(
            f"{path}: array {name!r} is stored column by column",
            "Save it again with numpy.ascontiguousarray.",
        )
    return _Member(name.removesuffix(".npy"), stream, shape, dtype)


def _batches(path: Path, members: list[_Member]) -> Iterator[Arrow]:
    arrow = need("pyarrow", "sealing arrays")
    lengths = {member.shape[0] for member in members}
    if len(lengths) != 1:
        raise InputError(f"{path}: its arrays have {sorted(lengths)} rows, want one number")
    rows = lengths.pop()
    widest = max(1, *(member.width for member in members))
    step = max(1, min(BLOCK, _PART // widest))
    names = [member.name for member in members]
    for first in range(0, rows, step):
        count = min(step, rows - first)
        columns = [_column(path, member, count) for member in members]
        yield arrow.RecordBatch.from_arrays(columns, names=names)
    if any(member.stream.read(1) for member in members):
        raise InputError(f"{path}: an array goes on behind its last row")


def _column(path: Path, member: _Member, count: int) -> Arrow:
    arrow = need("pyarrow", "sealing arrays")
    want = member.width * count
    data = member.stream.read(want)
    if len(data) != want:
        raise InputError(f"{path}: array {member.name!r} ends within its rows")
    flat = np.frombuffer(data, member.dtype)
    flat = flat.astype(member.dtype.newbyteorder("="), copy=False)
    if len(member.shape) == 1:
        return arrow.array(flat)
    size = math.prod(member.shape[1:])
    return arrow.FixedSizeListArray.from_arrays(arrow.array(flat), size)
