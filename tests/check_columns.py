"""Blocks for the tests of checks."""

from __future__ import annotations

import pyarrow as pa

from modelkeep.data.cells import Block, Cells
from modelkeep.data.checks import Check, View


def block_of(**columns: object) -> Block:
    """A block of columns given as lists or Arrow arrays."""
    cells = tuple(
        Cells(v if isinstance(v, pa.Array) else pa.array(v)) for v in columns.values()
    )
    return Block(tuple(columns), cells, cells[0].rows)


def view(**columns: object) -> View:
    """A view of such a block."""
    block = block_of(**columns)
    return View(dict(zip(block.names, block.cells, strict=True)), block.rows)


def bad(check: Check, *views: View) -> list[int]:
    """Rows that break the rule, over several blocks."""
    rows: list[int] = []
    first = 0
    for part in views:
        mask = check.look(part)
        if mask is not None:
            rows += [first + row for row, wrong in enumerate(mask.tolist()) if wrong]
        first += part.rows
    return rows + check.finish().tolist()
