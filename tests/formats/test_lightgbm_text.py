"""LightGBM text: whole, and the announced trees are there."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest

from modelkeep.core import MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.lightgbm_text import read
from samples import budget

ROWS = np.random.default_rng(0).normal(size=(60, 4))
TEXT = lightgbm.train(
    {"objective": "binary", "verbose": -1, "num_threads": 1},
    lightgbm.Dataset(ROWS, (ROWS[:, 0] > 0).astype(int)),
    12,
).model_to_string().encode()  # fmt: skip


def lies(data: bytes) -> list[tuple[int, str]]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    return reading.lies


def test_what_lightgbm_writes_is_recognised_and_honest() -> None:
    assert sniff(MemorySource(TEXT)) == ("lightgbm",)
    assert lies(TEXT) == []


def test_other_trees_than_announced_are_a_lie() -> None:
    assert lies(TEXT.replace(b"Tree=3\n", b"Trea=3\n"))[0][1].endswith("the file holds 11")


def test_a_list_of_trees_that_does_not_end_is_malformed() -> None:
    with pytest.raises(MalformedArtifactError, match="end of its trees"):
        lies(TEXT[: len(TEXT) // 3])


def test_long_files_are_counted_across_windows() -> None:
    padding = b"#" * (1 << 20)
    assert lies(TEXT.replace(b"\nTree=7\n", b"\n" + padding + b"\nTree=7\n" + padding)) == []
