"""Blocks as the checks see them: fields of JSON lines read for what they say.

A seal keeps the fields of JSON lines as canonical JSON, so that ``"1"`` and ``1`` differ.
A check wants the text itself: quotes come off, and ``null`` is a missing cell.
"""

from __future__ import annotations

from typing import Final

import msgspec

from modelkeep.data.cells import Block, Cells
from modelkeep.data.checks.interface import Schema, View
from modelkeep.models.extras import need

_SIMPLE: Final = r'^"[^"\\]*"$'


def view_of(block: Block, style: str, schema: Schema | None = None) -> View:
    """The block for the checks.

    Args:
        block: as it was read.
        style: the file's format.
        schema: says which texts stand for numbers.
    """
    cells = dict(zip(block.names, block.cells, strict=True))
    if style == "jsonl":
        cells = {name: _unquoted(column) for name, column in cells.items()}
    rules = schema.columns if schema is not None else {}
    numeric = {
        name
        for name, rule in rules.items()
        if rule.type in {"int", "float"}
        or any(isinstance(bound, int | float) for bound in (rule.low, rule.high))
    }
    return View(cells, block.rows, frozenset(numeric))


def _unquoted(cells: Cells) -> Cells:
    arrow, compute = need("pyarrow", "checks"), need("pyarrow.compute", "checks")
    array = cells.plain
    quoted = compute.starts_with(array, '"')
    null = compute.equal(array, "null")
    array = compute.if_else(null, None, array)
    simple = compute.match_substring_regex(array, _SIMPLE)
    bare = compute.utf8_slice_codeunits(array, 1, -1)
    array = compute.if_else(simple, bare, array)
    escaped = compute.and_not(quoted, simple)
    if compute.any(escaped).as_py():
        places = compute.indices_nonzero(escaped)
        words = [
            str(msgspec.json.decode(text)) for text in cells.plain.take(places).to_pylist()
        ]
        array = compute.replace_with_mask(
            array, compute.fill_null(escaped, False), arrow.array(words, array.type)
        )
    return Cells(array)
