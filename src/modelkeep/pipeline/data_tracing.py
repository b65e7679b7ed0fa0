"""``modelkeep data trace``: the training rows behind a prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from modelkeep.core import InputError
from modelkeep.core.settings import Value
from modelkeep.data.influence import trace_prediction
from modelkeep.data.review import show_row
from modelkeep.pipeline.accessing import require_access_here
from modelkeep.pipeline.data_poison import DataInputs, read_data


def trace_row(
    data: str | Path,
    row: int,
    *,
    inputs: DataInputs | None = None,
    predicted: str = "",
    most: int = 20,
    **flags: Value | None,
) -> tuple[str, ...]:
    """Lines that name the rows which most support the prediction of a row left out.

    Args:
        data: the training data.
        row: the row left out, counted from 0.
        inputs: how to read it.
        predicted: the answer to be explained; that of a model fitted here when empty.
        most: how many rows are named at most.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no such row, or a label that nobody has.
    """
    whole = read_data(Path(data), inputs or DataInputs()).data
    require_access_here(flags, "read_data", whole.subject)
    if not 0 <= row < len(whole):
        raise InputError(f"no row {row}: {data} has rows 0 to {len(whole) - 1}")
    others = np.delete(np.arange(len(whole)), row)
    found = trace_prediction(
        whole.take(others), whole.rows[row], predicted=predicted, most=most
    )
    lines = [f"predicted {found.predicted!r} of {show_row(whole, row)}"]
    for place, share in zip(others[found.rows], found.shares, strict=True):
        lines.append(f"{share:6.2%} {show_row(whole, int(place))}")
    return tuple(lines)
