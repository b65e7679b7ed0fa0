"""``data leaks``: verdicts, the balance of classes, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from check_samples import said


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("train.csv").write_text("a,b,label\n1,2,x\n3,4,y\n5,6,z\n")
    Path("test.csv").write_text("a,b,label\n7,8,x\n9,9,y\n")


def test_none_is_0_and_the_balance_is_told() -> None:
    got = said("data", "leaks", "train.csv", "test.csv")
    assert got.code == 0
    assert "class z: 33.3% of training, 0.0% of test (ABSENT)" in got.out


def test_a_row_of_the_training_data_is_1() -> None:
    Path("test.csv").write_text("a,b,label\n7,8,x\n3,4,y\n")
    got = said("data", "leaks", "train.csv", "test.csv", "--format", "json")
    document = json.loads(got.out)
    assert (got.code, document["verdict"]) == (1, "fail")
    assert document["leaks"] == [{"kind": "same row", "train": 1, "test": 1, "likeness": 1.0}]


def test_texts() -> None:
    words = " ".join(f"word{n}" for n in range(40))
    Path("train.csv").write_text(f"t,label\nhello there,x\n{words},y\n")
    Path("test.csv").write_text(f"t,label\n{words} more,y\ngood bye,x\n")
    got = said("data", "leaks", "train.csv", "test.csv", "--text", "t")
    assert (got.code, "NEAR TEXT test row 0 is training row 1" in got.out) == (1, True)


def test_bad_input_could_not_finish() -> None:
    assert said("data", "leaks", "train.csv", "gone.csv").code == 2
    assert said("data", "leaks", "train.csv", "test.csv", "--label", "gone").code == 2
