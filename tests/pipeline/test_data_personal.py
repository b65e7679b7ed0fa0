"""``data pii``: verdicts, what is not read, and no plain text in what is printed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from check_samples import said


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_found_is_1_and_samples_are_masked() -> None:
    Path("d.csv").write_text("a,b\n1,ann@acme.io\n2,4111111111111111\n")
    for style in ("table", "json"):
        got = said("data", "pii", "d.csv", "--format", style)
        assert got.code == 1
        assert "ann@acme" not in got.out + got.err
        assert "4111111111111111" not in got.out + got.err
    assert {held["kind"] for held in json.loads(got.out)["held"]} == {
        "email address",
        "payment card",
    }


def test_clean_is_0_and_what_is_not_read_is_2() -> None:
    Path("d").mkdir()
    Path("d/a.txt").write_text("nothing here")
    assert said("data", "pii", "d").code == 0
    Path("d/b.bin").write_bytes(b"\0")
    got = said("data", "pii", "d")
    assert (got.code, "not checked: b.bin" in got.out) == (2, True)


def test_texts_in_folders_are_read() -> None:
    Path("d").mkdir()
    Path("d/a.txt").write_bytes(b"\xff call +49 30 1234567")
    assert said("data", "pii", "d").code == 1


def test_bad_input_could_not_finish() -> None:
    assert said("data", "pii", "gone").code == 2
    Path("x.bin").write_bytes(b"\0")
    assert said("data", "pii", "x.bin").code == 2
    Path("t.parquet").write_bytes(b"PAR1 cut")
    assert said("data", "pii", "t.parquet").code == 2
