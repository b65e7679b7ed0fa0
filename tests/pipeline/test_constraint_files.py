"""A constraint file given to an assessment holds for its attacks, and a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.pipeline import assess

ROWS = np.round(samples.normal(200, 3) * 10)
TRUTH = (ROWS.sum(axis=1) > 0).astype(int)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    lines = [f"{a:g},{b:g},{c:g},{label}" for (a, b, c), label in zip(ROWS, TRUTH, strict=True)]
    for name, part in (("train", lines[:120]), ("test", lines[120:])):
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,b,c,y", *part]) + "\n")
    booster = samples.boosted(ROWS[:120], TRUTH[:120], "binary:logistic")
    (tmp_path / "model.json").write_bytes(bytes(booster.save_raw("json")))
    return tmp_path


def robust(folder: Path, rules: str) -> list[float]:
    (folder / "rules.toml").write_text(rules)
    report = assess(
        folder / "model.json",
        data=folder / "train.csv",
        test=folder / "test.csv",
        only=("evasion",),
        threat="linf:0.2",
        constraints=str(folder / "rules.toml"),
        keep=str(folder / "keep"),
    )
    names = ("clean_accuracy", "robust_accuracy")
    return [m.value for m in report.measurements if m.name in names]


def test_columns_that_nobody_can_change_are_not_changed(folder: Path) -> None:
    still = "".join(f"[columns.{name}]\nimmutable = true\n" for name in "abc")
    clean, standing, _, proven = robust(folder, still)
    assert clean == standing == proven
    _, broken, _, _ = robust(folder, "[columns.a]\nimmutable = true\n")
    assert broken < clean


def test_a_file_about_another_table_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match="no such columns: age"):
        robust(folder, "[columns.age]\nlow = 3\n")
