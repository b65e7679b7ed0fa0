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


def test_schema_profile_and_check() -> None:
    assert said("data", "schema", "d.csv", "--output", "s.toml").code == 0
    got = said("data", "check", "d.csv", "--schema", "s.toml")
    assert (got.code, got.out.splitlines()[-1][:5]) == (0, "PASS:")
    Path("e.csv").write_text("a,label\n1,x\n99,y\nz,x\n")
    got = said("data", "check", "e.csv", "--schema", "s.toml")
    assert got.code == 1
    assert got.out.splitlines() == [
        "FAIL DAT001 a is of type int: 1 rows: e.csv:2",
        "FAIL DAT003 a lies in 0 to 4: 2 rows: e.csv:1, e.csv:2",
        "FAIL: 7 rules, 0 columns compared, 3 rows, 2 of them break a rule",
    ]
    got = said("data", "check", "e.csv", "--schema", "s.toml", "--format", "json")
    assert (got.code, json.loads(got.out)["verdict"]) == (1, "fail")
    assert said("data", "profile", "d.csv", "--output", "p.json").code == 0
    assert said("data", "check", "d.csv", "--reference", "p.json").code == 0
    Path("s.toml").write_text("version = 1\nclosed = false\n[columns.gone]\nlow = 1\n")
    assert said("data", "check", "d.csv", "--schema", "s.toml").code == 1
    Path("s.toml").write_text('version = 1\nclosed = false\n[columns.label]\nlow = "x"\n')
    got = said("data", "check", "d.csv", "--schema", "s.toml")
    assert (got.code, got.out.startswith("INCONCLUSIVE")) == (2, True)
    assert said("data", "check", "d.csv").code == 64


def test_no_seal_or_no_data_could_not_finish() -> None:
    assert said("data", "seal", "nothing.csv").code == 2
    assert said("data", "seal", "d.csv").code == 0
    Path("d.csv.seal").unlink()
    got = said("data", "verify", "d.csv")
    assert (got.code, "modelkeep data seal DATA" in got.err) == (2, True)


def test_usage_is_64() -> None:
    assert said("data", "seal").code == 64
    assert said("data", "verify", "d.csv", "--format", "pdf").code == 64


@pytest.mark.parametrize(
    "command", [(), ("seal",), ("verify",), ("schema",), ("profile",), ("check",)]
)
def test_help_has_examples_and_exit_codes(command: tuple[str, ...]) -> None:
    text = said("data", *command, "--help").out
    assert "Examples:" in text
    assert "Exit codes:" in text
