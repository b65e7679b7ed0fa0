"""Seal a data set: hash its files, its blocks and its rows in one decode of each file."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import blake3
import msgspec

from modelkeep.core import Digest, EvidenceError, InputError
from modelkeep.data.canonical import digest_column, merkle_root
from modelkeep.data.cells import Block
from modelkeep.data.interface import (
    BLOCK,
    ColumnSeal,
    DataManifest,
    FileSeal,
    Options,
)
from modelkeep.data.row_tags import Tagger, tag_rows, types_of
from modelkeep.data.summary import Summary
from modelkeep.data.tables import SUFFIXES, TEXTUAL, read_blocks
from modelkeep.models.extras import need
from modelkeep.sources import Artifact, FileDigest, Manifest, stamp

IMAGES: Final = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff")
TEXTS: Final = (".txt", ".md", ".text")
_MOST_GROUPS: Final = 100_000
VERSION: Final = 2  # 2: rows are tagged by words of eight bytes
Reuse = Callable[[FileDigest, IO[bytes]], FileSeal | None]
Watch = Callable[[str, str, Block], None]  # file, its format, the block


@dataclass(frozen=True, slots=True)
class Others:
    """Who else is served by the one decode of each table.

    Attributes:
        reuse: gives the seal of a file sealed before and writes its tags.
        watches: are shown every block; a file taken over is not decoded for them.
    """

    reuse: Reuse | None = None
    watches: tuple[Watch, ...] = ()


def key_name(key: bytes) -> str:
    """A public name of a tag key, by which its owner knows it again."""
    return blake3.blake3(b"modelkeep tag key", key=key).hexdigest()[:16]


def style_of(name: str) -> str:
    """``parquet``, ``csv``, ``jsonl``, ``npz``, ``image``, ``text`` or ``other``."""
    suffix = Path(name).suffix.lower()
    if suffix in SUFFIXES:
        return SUFFIXES[suffix]
    return "image" if suffix in IMAGES else "text" if suffix in TEXTS else "other"


class FileSealer:
    """Takes the blocks of one table and hands back its seal."""

    def __init__(self, key: bytes, style: str, options: Options) -> None:
        self._tagger = Tagger(key)
        self._style = style
        self._options = options
        self._summaries: list[Summary] = []
        self._digests: list[list[str]] = []
        self._names: tuple[str, ...] = ()
        self._types: list[str] = []
        self.rows = 0
        self.classes: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()

    def add(self, block: Block) -> bytes:
        """Take in one block; returns its rows' tags."""
        if not self._summaries:
            self._names, self._types = block.names, types_of(block)
            textual = self._style in TEXTUAL
            self._summaries = [Summary(numeric_text=textual) for _ in block.names]
            self._digests = [[] for _ in block.names]
        columns = []
        for index, (name, column) in enumerate(zip(block.names, block.cells, strict=True)):
            words = self._tagger.words(name, column)
            self._summaries[index].add(column, words)
            self._digests[index].append(digest_column(column))
            columns.append(words)
        self._count(block, self._options.label, self.classes)
        self._count(block, self._options.source_column, self.sources)
        self.rows += block.rows
        return tag_rows(block, columns).tobytes()

    def _count(self, block: Block, name: str, counts: Counter[str]) -> None:
        if not name:
            return
        if name not in block.names:
            raise InputError(f"no column {name!r}", f"Columns: {', '.join(block.names[:20])}")
        cells = block.cells[block.names.index(name)]
        if need("pyarrow.types", "sealing a table").is_nested(cells.plain.type):
            raise InputError(f"column {name!r} holds lists and names no group of rows")
        counts.update(cells.counts())
        if len(counts) > _MOST_GROUPS:
            raise InputError(f"column {name!r} has over {_MOST_GROUPS} values, too many groups")

    def columns(self) -> list[ColumnSeal]:
        """The sealed columns."""
        sealed = []
        for index, name in enumerate(self._names):
            summary = self._summaries[index]
            low, high = summary.bounds()
            sealed.append(
                ColumnSeal(
                    name,
                    self._types[index],
                    self._digests[index],
                    summary.nulls,
                    low,
                    high,
                    summary.distinct(),
                )
            )
        return sealed


@dataclass(frozen=True, slots=True)
class Sealed:
    """A manifest, and how many files were taken over from the seal before."""

    manifest: DataManifest
    reused: int


def seal_data(
    artifact: Artifact,
    hashed: Manifest,
    options: Options,
    key: bytes,
    tags: IO[bytes],
    others: Others = Others(),
) -> Sealed:
    """Seal every file of a data set.

    Args:
        artifact: the data.
        hashed: digests of its files.
        options: label and source columns, source and licence.
        key: 32 bytes under which rows are tagged.
        tags: where eight bytes per row of every table go, in order.
        others: seals to take over, and who else looks at the blocks.

    Raises:
        InputError: something cannot be read to its end, or there are no rows.
        EvidenceError: the data changed while it was read.
    """
    before = stamp(artifact)
    styles = [style_of(artifact.display(name)) for name in artifact.files]
    tables = any(style in SUFFIXES.values() for style in styles)
    files, reused = [], 0
    for file, style in zip(hashed.files, styles, strict=True):
        old = others.reuse(file, tags) if others.reuse is not None else None
        reused += old is not None
        how = _How(options, key, tags, others.watches, tables)
        files.append(old or _seal_file(artifact, file, style, how))
    if stamp(artifact) != before:
        raise EvidenceError(f"{artifact.path}: changed while it was being sealed")
    rows = sum(file.rows for file in files)
    if rows == 0:
        raise InputError(
            f"{artifact.path}: holds no rows",
            "Give Parquet, CSV, JSON lines or NPZ, or a folder of images or texts per class.",
        )
    classes, sources = Counter[str](), Counter[str]()
    for sealed in files:
        classes.update(sealed.classes)
        sources.update(sealed.sources)
    manifest = DataManifest(
        version=VERSION,
        options=options,
        block_rows=BLOCK,
        root=root_of(files),
        rows=rows,
        classes=dict(sorted(classes.items())),
        sources=dict(sorted(sources.items())),
        files=files,
        tags_blake3="",
        tags_key=key_name(key),
    )
    return Sealed(manifest, reused)


@dataclass(frozen=True, slots=True)
class _How:
    options: Options
    key: bytes
    tags: IO[bytes]
    watches: tuple[Watch, ...]
    tables: bool  # whether the data holds any


def _seal_file(
    artifact: Artifact,
    file: FileDigest,
    style: str,
    how: _How,
) -> FileSeal:
    name = artifact.display(file.name)
    digest: Digest = file.digest
    if style not in SUFFIXES.values():
        sample = not how.tables and style in {"image", "text"}
        folder = file.name.split("/", maxsplit=1)[0] if "/" in file.name else ""
        classes = {os.fsencode(folder).decode("utf-8", "backslashreplace"): 1}
        return FileSeal(
            name,
            digest.sha256,
            digest.blake3,
            file.size,
            style,
            int(sample),
            classes=classes if sample and folder else {},
        )
    sealer = FileSealer(how.key, style, how.options)
    arrow = need("pyarrow", "sealing a table")
    try:
        for block in read_blocks(artifact.locate(file.name), style):
            how.tags.write(sealer.add(block))
            for watch in how.watches:
                watch(name, style, block)
    except arrow.ArrowException as error:
        raise InputError(f"{name}: holds values that cannot be sealed ({error})") from error
    return FileSeal(
        name,
        digest.sha256,
        digest.blake3,
        file.size,
        style,
        sealer.rows,
        sealer.columns(),
        dict(sorted(sealer.classes.items())),
        dict(sorted(sealer.sources.items())),
    )


def root_of(files: Sequence[FileSeal]) -> str:
    """Merkle root over files: of a table over its blocks by column, else of its bytes."""
    leaves = []
    for file in files:
        inside = file.blake3
        if file.columns:
            parts = [part for column in file.columns for part in column.blocks]
            inside = merkle_root(parts)
        head = [
            file.path,
            file.format in SUFFIXES.values(),
            file.rows,
            [(column.name, column.type) for column in file.columns],
            inside,
        ]
        leaves.append(blake3.blake3(b"\3" + msgspec.json.encode(head)).hexdigest())
    return merkle_root(leaves)
