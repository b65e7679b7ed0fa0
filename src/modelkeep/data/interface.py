"""What a seal holds: files, their columns, their blocks, and what differs from them."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

Arrow = Any  # pyarrow has no types
BLOCK: Final = 65_536  # rows; fixed, so that a file's row groups do not move the root

Kind = Literal[
    "changed", "missing", "extra", "duplicated", "reordered", "moved", "columns", "rewritten"
]


class ColumnSeal(msgspec.Struct, frozen=True):
    """One column of one file: its type, the digest of every block, and a summary.

    Attributes:
        name: the column's name.
        type: canonical type, the same however the column was encoded.
        blocks: BLAKE3 of each block's canonical bytes, hex.
        nulls: how many cells are missing.
        low: least value, as text; empty if there is none.
        high: greatest value, as text.
        distinct: estimate of how many values differ, exact up to 256.
    """

    name: str
    type: str
    blocks: list[str]
    nulls: int
    low: str
    high: str
    distinct: int


class FileSeal(msgspec.Struct, frozen=True):
    """One file; ``columns`` is empty for a file that is not a table."""

    path: str
    sha256: str
    blake3: str
    size: int
    format: str
    rows: int
    columns: list[ColumnSeal] = []
    classes: dict[str, int] = {}
    sources: dict[str, int] = {}


class Options(msgspec.Struct, frozen=True):
    """What the owner says about the data."""

    label: str = ""
    source_column: str = ""
    source: str = ""
    licence: str = ""


class DataManifest(msgspec.Struct, frozen=True):
    """Everything sealed; ``root`` is the Merkle root over all files and blocks."""

    version: int
    options: Options
    block_rows: int
    root: str
    rows: int
    classes: dict[str, int]
    sources: dict[str, int]
    files: list[FileSeal]
    tags_blake3: str
    tags_key: str


class Difference(msgspec.Struct, frozen=True):
    """One way in which data is not as sealed.

    Attributes:
        kind: what happened.
        path: the file.
        message: one sentence.
        block: number of the block, from 0.
        columns: the columns in which the block differs.
        row: the row in the data as it is now, from 0; for a missing one, as sealed.
    """

    kind: Kind
    path: str
    message: str
    block: int | None = None
    columns: tuple[str, ...] = ()
    row: int | None = None
