"""Small data sets of every kind, written by the tests that share them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

ROWS = 150_000  # more than two blocks


def table(rows: int = ROWS) -> pa.Table:
    """Numbers, texts with repeats, missing cells, and a label."""
    seed = np.random.default_rng(7)
    amount = pa.array(seed.normal(size=rows), mask=np.arange(rows) % 97 == 3)
    return pa.table(
        {
            "id": np.arange(rows),
            "amount": amount,
            "city": pa.array([f"city {n % 41}" for n in range(rows)]),
            "label": pa.array([("no", "yes")[n % 3 == 0] for n in range(rows)]),
        }
    )


def write(found: pa.Table, path: Path) -> Path:
    """Write a table in the format its suffix names."""
    if path.suffix == ".parquet":
        pq.write_table(found, path, row_group_size=40_000)
    elif path.suffix == ".csv":
        pa.csv.write_csv(found, path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in found.to_pylist()))
    else:
        numeric = found.column("amount").fill_null(0).to_numpy()
        arrays = {
            "id": found.column("id").to_numpy(),
            "x": np.stack([numeric, numeric * 2], axis=1),
            "y": found.column("label").to_numpy(zero_copy_only=False).astype(str),
        }
        np.savez(path, **arrays)
    return path


def taken(found: pa.Table, rows: list[int]) -> pa.Table:
    """Some rows of a table, in this order."""
    return found.take(pa.array(rows))


def replaced(found: pa.Table, row: int, column: str, value: object) -> pa.Table:
    """The table with one cell changed."""
    index = found.column_names.index(column)
    values = found.column(column).to_pylist()
    values[row] = value
    return found.set_column(index, column, pa.array(values, found.schema.field(index).type))
