"""Compare data with its seal: files by their bytes, tables by block, column and row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from modelkeep.data.canonical import digest_column
from modelkeep.data.cells import Block
from modelkeep.data.interface import BLOCK, DataManifest, Difference, FileSeal
from modelkeep.data.row_difference import RowDifference, compare_rows
from modelkeep.data.row_tags import Tagger, types_of
from modelkeep.data.tables import SUFFIXES, read_blocks
from modelkeep.sources import Artifact, FileDigest, Manifest

_WORDS = {
    "changed": "is not as sealed",
    "missing": "was sealed and is gone",
    "extra": "was not sealed",
    "duplicated": "repeats a sealed row",
    "reordered": "stands where another row was sealed",
}


def compare_data(
    artifact: Artifact,
    hashed: Manifest,
    manifest: DataManifest,
    *,
    key: bytes | None,
    tags: np.ndarray | None,
) -> Iterator[Difference]:
    """Yield every difference between data and seal.

    Args:
        artifact: the data as it is now.
        hashed: digests of its files now.
        manifest: as sealed, its signature verified by the caller.
        key: the key under which rows were tagged; without it no row is named.
        tags: tags of all sealed rows, shape ``(rows of tables,)``, uint64.

    Raises:
        InputError: a table cannot be read to its end.
    """
    there = {artifact.display(file.name): file for file in hashed.files}
    if not artifact.is_directory and len(manifest.files) == 1:  # a file may have another name
        there = {manifest.files[0].path: hashed.files[0]}
    sealed = {file.path: file for file in manifest.files}
    yield from _moves(sealed, there)
    first = 0
    for file in manifest.files:
        now = there.get(file.path)
        rows = file.rows if file.columns else 0
        own = tags[first : first + rows] if tags is not None else None
        first += rows
        if now is None or now.digest.blake3 == file.blake3:
            continue
        if not file.columns or file.format not in SUFFIXES.values():
            yield Difference("changed", file.path, "its bytes are not as sealed")
            continue
        found = list(_Table(artifact, now, file, key, own).differences())
        yield from found or [
            Difference(
                "rewritten", file.path, "was written anew; every row and value is as sealed"
            )
        ]


def _moves(sealed: dict[str, FileSeal], there: dict[str, FileDigest]) -> Iterator[Difference]:
    gone = {path: file for path, file in sealed.items() if path not in there}
    by_digest = defaultdict(list)
    for path, file in gone.items():
        by_digest[file.blake3].append(path)
    known = {file.blake3: path for path, file in sealed.items()}
    for path, now in there.items():
        if path in sealed:
            continue
        digest = now.digest.blake3
        if by_digest[digest]:
            source = by_digest[digest].pop()
            gone.pop(source)
            yield Difference("moved", path, f"was sealed as {source}")
        elif digest in known:
            yield Difference("duplicated", path, f"repeats the sealed file {known[digest]}")
        else:
            yield Difference("extra", path, "was not sealed")
    for path in gone:
        yield Difference("missing", path, "was sealed and is gone")


class _Table:
    """One table whose bytes are not as sealed."""

    def __init__(
        self,
        artifact: Artifact,
        now: FileDigest,
        sealed: FileSeal,
        key: bytes | None,
        tags: np.ndarray | None,
    ) -> None:
        self._path = artifact.locate(now.name)
        self._sealed = sealed
        self._tagger = Tagger(key) if key is not None and tags is not None else None
        self._old = tags
        self._new: list[np.ndarray] = []
        self._bad: dict[int, tuple[str, ...]] = {}
        self._rows = 0

    def differences(self) -> Iterator[Difference]:
        sealed = {column.name: column.blocks for column in self._sealed.columns}
        for number, block in enumerate(read_blocks(self._path, self._sealed.format)):
            if number == 0:
                found = list(self._schema(block))
                if found:
                    yield from found
                    return
            bad = tuple(
                name
                for name, cells in zip(block.names, block.cells, strict=True)
                if sealed[name][number : number + 1] != [digest_column(cells)]
            )
            if bad:
                self._bad[number] = bad
            if self._tagger is not None and self._old is not None:
                # Rows of a block whose digests are those sealed have the tags sealed.
                known = self._old[self._rows : self._rows + block.rows]
                self._new.append(self._tagger.tags(block) if bad else known)
            self._rows += block.rows
        yield from self._describe()

    def _schema(self, block: Block) -> Iterator[Difference]:
        sealed = {column.name: column.type for column in self._sealed.columns}
        present = dict(zip(block.names, types_of(block), strict=True))
        path = self._sealed.path
        for name, kind in sealed.items():
            if name not in present:
                yield Difference("columns", path, f"column {name!r} is gone", None, (name,))
            elif present[name] != kind:
                text = f"column {name!r} holds {present[name]}, sealed as {kind}"
                yield Difference("columns", path, text, None, (name,))
        for name in present:
            if name not in sealed:
                text = f"column {name!r} was not sealed"
                yield Difference("columns", path, text, None, (name,))
        if set(sealed) == set(present) and list(sealed) != list(present):
            yield Difference("columns", path, "its columns stand in another order")

    def _describe(self) -> Iterator[Difference]:
        path, sealed = self._sealed.path, self._sealed.rows
        if self._rows == sealed and not self._bad:
            return
        named = False
        if self._tagger is not None and self._old is not None:
            rows = compare_rows(self._old, np.concatenate([self._old[:0], *self._new]))
            for difference in self._by_row(rows):
                named = True
                yield difference
        if named:
            return
        if self._rows != sealed:
            kind = "missing" if self._rows < sealed else "extra"
            text = f"has {self._rows} rows, sealed with {sealed}"
            yield Difference(kind, path, text)  # type: ignore[arg-type]
        for number, columns in self._bad.items():
            text = f"rows {number * BLOCK} to {(number + 1) * BLOCK - 1} are not as sealed"
            yield Difference("changed", path, text, number, columns)

    def _by_row(self, rows: RowDifference) -> Iterator[Difference]:
        aligned = self._rows == self._sealed.rows
        for kind, words in _WORDS.items():
            for row in map(int, getattr(rows, kind)):
                block = row // BLOCK
                columns = self._bad.get(block, ()) if aligned else ()
                text = f"row {row} {words}"
                yield Difference(kind, self._sealed.path, text, block, columns, row)  # type: ignore[arg-type]
