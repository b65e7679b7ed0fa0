"""Guards that need honest rows are there when rows are named, and say what is wrong."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

import gateway_samples as gs
from gateway_samples import Cleared
from modelkeep.core import InputError


def calibrated(cleared: Cleared, path: Path, **rules: object) -> list[str]:
    """Names of the guards that ruled on an honest request."""

    async def work() -> list[str]:
        serving = gs.settings(models={"sample": {"calibration": str(path)} | rules})
        async with gs.opened(cleared.model, cleared.keep, serving) as desk:
            reply = await desk.infer()
            assert reply.status == 200, reply.body
            (served,) = desk.gateway.models.values()
            return [guard.name for guard in served.guards]

    return asyncio.run(work())


def write(path: Path, columns: int = 4, rows: int = 300) -> Path:
    choose = np.random.default_rng(3)
    labels = choose.permutation(rows) % 2
    found = choose.normal(size=(rows, columns)) + 2.0 * labels[:, None] - 1.0
    np.savez(path, x=found.astype(np.float32), y=labels)
    return path


def test_calibration_rows_bring_the_guards_that_compare_streams(
    cleared: Cleared, tmp_path: Path
) -> None:
    found = calibrated(cleared, write(tmp_path / "honest.npz"), require=["extraction"])
    assert {"repeats", "probing", "extraction", "prada"} <= set(found)


@pytest.mark.parametrize(
    ("columns", "rows", "says"),
    [
        (3, 300, r"honest\.npz: its rows have the shape \[3\], the model takes \[4\]"),
        (4, 5, r"honest\.npz: "),
    ],
)
def test_rows_that_do_not_fit_are_an_error_that_names_the_file(
    cleared: Cleared, tmp_path: Path, columns: int, rows: int, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        calibrated(cleared, write(tmp_path / "honest.npz", columns, rows))


def test_rows_that_are_not_there_are_an_error(cleared: Cleared, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="none"):
        calibrated(cleared, tmp_path / "none.npz")
