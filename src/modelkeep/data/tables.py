"""Tables as streams of blocks of a fixed number of rows: Parquet, CSV, JSON lines, NPZ.

CSV cells are sealed as the texts they are: a guessed type could hide a change ("1.0" and
"1") and would depend on which rows came first. Fields of JSON lines are sealed as
canonical JSON; a field that is absent is missing, one that is null is ``null``.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from modelkeep.core import InputError
from modelkeep.core.text import visible
from modelkeep.data.arrays import read_npz
from modelkeep.data.cells import Block, Cells
from modelkeep.data.interface import BLOCK, Arrow
from modelkeep.models.extras import need

_SEALS: Final = "sealing a table"
_LONGEST_LINE: Final = 64 << 20
TEXTUAL: Final = frozenset({"csv", "jsonl"})


def read_blocks(path: Path, style: str) -> Iterator[Block]:
    """The rows of a table in blocks of ``BLOCK``, the last one shorter.

    Raises:
        InputError: it cannot be read to its end, or names a column twice.
        MissingExtraError: pyarrow is not installed.
    """
    arrow = need("pyarrow", _SEALS)
    held: list[Arrow] = []
    count = 0
    try:
        for batch in READERS[style](path):
            _require_names(path, batch.schema.names)
            rest = batch
            while count + rest.num_rows >= BLOCK:
                taken = BLOCK - count
                yield _block(path, [*held, rest.slice(0, taken)])
                rest, held, count = rest.slice(taken), [], 0
            if rest.num_rows or not held:
                held.append(rest)
                count += rest.num_rows
        if count:
            yield _block(path, held)
    except (arrow.ArrowException, OSError, UnicodeDecodeError, OverflowError) as error:
        reason = visible(str(error).strip().split("\n")[0])
        raise InputError(
            f"{path}: cannot be read to its end as {style} ({reason})",
            "Nothing was sealed. Fetch the file again, or save it anew as UTF-8.",
        ) from error


def _require_names(path: Path, names: list[str]) -> None:
    if not names:
        raise InputError(f"{path}: has no columns")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise InputError(f"{path}: two columns are named {twice!r}", "Rename one of them.")


def _block(path: Path, batches: list[Arrow]) -> Block:
    arrow = need("pyarrow", _SEALS)
    names = tuple(batches[0].schema.names)
    if any(tuple(batch.schema.names) != names for batch in batches):
        raise InputError(f"{path}: its columns change on the way")
    columns = []
    for index in range(len(names)):
        array = batches[0].column(index)
        if len(batches) > 1:
            array = arrow.concat_arrays([batch.column(index) for batch in batches])
        if isinstance(array, arrow.DictionaryArray):
            array.dictionary.validate(full=True)
        array.validate(full=True)  # a file may hold texts that are not UTF-8
        columns.append(Cells(array))
    return Block(names, tuple(columns), sum(batch.num_rows for batch in batches))


def _opened(path: Path) -> Arrow:
    """The file under whatever bytes its name has."""
    return need("pyarrow", _SEALS).OSFile(os.fsencode(path))


def _read_parquet(path: Path) -> Iterator[Arrow]:
    parquet = need("pyarrow.parquet", _SEALS)
    with _opened(path) as raw, parquet.ParquetFile(raw) as file:
        _require_names(path, file.schema_arrow.names)
        coded = _coded(file.metadata, file.schema_arrow)
    # A dictionary's type cannot be asked for later, so the file is opened again.
    with (
        _opened(path) as raw,
        parquet.ParquetFile(raw, read_dictionary=coded, pre_buffer=False) as file,
    ):
        yield from file.iter_batches(batch_size=BLOCK)


def _coded(metadata: Arrow, schema: Arrow) -> list[str]:
    """Columns of texts that are stored as codes of a dictionary throughout.

    Where a dictionary grew too large, its writer fell back to the texts themselves, which
    take four bytes each at least.
    """
    arrow = need("pyarrow", _SEALS)
    texts = {f.name for f in schema if f.type in {arrow.string(), arrow.large_string()}}
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    found = []
    for index in range(metadata.num_columns):
        chunks = [group.column(index) for group in groups]
        name = chunks[0].path_in_schema if chunks else ""
        if name in texts and all(
            chunk.has_dictionary_page and chunk.total_uncompressed_size < 4 * chunk.num_values
            for chunk in chunks
        ):
            found.append(name)
    return found


def _read_csv(path: Path) -> Iterator[Arrow]:
    csv, text = need("pyarrow.csv", _SEALS), need("pyarrow", _SEALS).string()
    if path.stat().st_size == 0:
        raise InputError(f"{path}: is empty")
    with _opened(path) as raw, csv.open_csv(raw) as file:
        names = file.schema.names
    _require_names(path, names)
    convert = csv.ConvertOptions(
        column_types=dict.fromkeys(names, text), strings_can_be_null=False, null_values=[]
    )
    parse = csv.ParseOptions(newlines_in_values=True)
    with (
        _opened(path) as raw,
        csv.open_csv(raw, convert_options=convert, parse_options=parse) as file,
    ):
        yield from file


def _read_jsonl(path: Path) -> Iterator[Arrow]:
    arrow = need("pyarrow", _SEALS)
    names: dict[str, None] = {}
    for row in _json_rows(path):
        names.update(dict.fromkeys(row))
    schema = arrow.schema([(name, arrow.string()) for name in sorted(names)])
    held: list[dict[str, str]] = []
    for row in _json_rows(path):
        held.append({name: _json_text(value) for name, value in row.items()})
        if len(held) == BLOCK // 8:
            yield arrow.RecordBatch.from_pylist(held, schema)
            held = []
    if held:
        yield arrow.RecordBatch.from_pylist(held, schema)


def _json_rows(path: Path) -> Iterator[dict[str, Any]]:
    decoder = msgspec.json.Decoder()
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(_LONGEST_LINE + 1), b""), 1):
            if len(line) > _LONGEST_LINE:
                raise InputError(f"{path}: line {number} is longer than {_LONGEST_LINE} bytes")
            if not line.strip():
                continue
            try:
                row = decoder.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InputError(f"{path}: line {number} is not JSON ({error})") from error
            if not isinstance(row, dict):
                raise InputError(f"{path}: line {number} is no JSON object")
            yield row


def _json_text(value: object) -> str:
    if isinstance(value, float) and value == 0:
        return "0.0"
    return msgspec.json.encode(value, order="sorted").decode()


READERS: Final[dict[str, Callable[[Path], Iterator[Arrow]]]] = {
    "parquet": _read_parquet,
    "csv": _read_csv,
    "jsonl": _read_jsonl,
    "npz": read_npz,
}
SUFFIXES: Final = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".npz": "npz",
}
