"""``modelkeep data``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from check_samples import said


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("d.csv").write_text("a,label\n1,x\n2,y\n3,x\n")


def test_sealing_says_where_and_what() -> None:
    got = said("data", "seal", "d.csv", "--label", "label")
    assert got.code == 0
    first, *rest = got.out.splitlines()
    assert first.startswith("d.csv.seal: 3 rows in 1 files, root ")
    assert rest == ["  class 'x': 2 rows", "  class 'y': 1 rows"]


def test_as_sealed_is_0_and_a_changed_cell_is_1() -> None:
    assert said("data", "seal", "d.csv").code == 0
    got = said("data", "verify", "d.csv")
    assert (got.code, got.out) == (0, "as sealed: 3 rows\n")
    Path("d.csv").write_text("a,label\n1,x\n2,x\n3,x\n")
    got = said("data", "verify", "d.csv")
    assert (got.code, got.out.splitlines()) == (
        1,
        [
            "CHANGED d.csv block 0 column label: row 1 is not as sealed",
            "NOT AS SEALED: 1 changed",
        ],
    )
    got = said("data", "verify", "d.csv", "--format", "json")
    assert got.code == 1
    document = json.loads(got.out)
    assert document["counts"] == {"changed": 1}
    assert document["differences"][0]["row"] == 1


def test_no_seal_or_no_data_could_not_finish() -> None:
    assert said("data", "seal", "nothing.csv").code == 2
    assert said("data", "seal", "d.csv").code == 0
    Path("d.csv.seal").unlink()
    got = said("data", "verify", "d.csv")
    assert (got.code, "modelkeep data seal DATA" in got.err) == (2, True)


def test_usage_is_64() -> None:
    assert said("data", "seal").code == 64
    assert said("data", "verify", "d.csv", "--format", "pdf").code == 64


@pytest.mark.parametrize("command", [(), ("seal",), ("verify",)])
def test_help_has_examples_and_exit_codes(command: tuple[str, ...]) -> None:
    text = said("data", *command, "--help").out
    assert "Examples:" in text
    assert "Exit codes:" in text
