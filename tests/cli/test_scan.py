"""``modelkeep scan``: many paths, one code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""
    (desk.folder / "bomb.pkl").write_bytes(samples.BOMB)
    (desk.folder / "cut.pkl").write_bytes(samples.PLAIN_PICKLE[:-2])


def test_worst_file_decides() -> None:
    assert said("scan", "model.onnx").code == 0
    assert said("scan", "model.onnx", "cut.pkl").code == 2
    assert said("scan", "model.onnx", "cut.pkl", "bomb.pkl").code == 1


def test_findings_are_shown_with_rule_place_and_mend() -> None:
    out = said("scan", "bomb.pkl").out
    assert "critical[PKL001 " in out
    assert "--> bomb.pkl @ 0x" in out
    assert "= mend: " in out


def test_directory_is_scanned_whole() -> None:
    folder = samples.directory_of(Path("model") / "deep", weights__pt=samples.hidden_bomb())
    report = json.loads(said("scan", folder.parent, "--format", "json").out)
    (file,) = report["files"]
    assert file["path"] == "deep/weights.pt"
    assert file["findings"][0]["location"]["member"] == "archive/data.pkl"


def test_file_that_was_not_read_is_named_with_the_reason() -> None:
    got = said("scan", "cut.pkl")
    assert got.out.startswith("INCONCLUSIVE")
    assert "inconclusive: cut.pkl was not read to its end" in got.out


def test_no_keep_is_made_and_nothing_is_said() -> None:
    got = said("scan", "model.onnx")
    assert got.err == ""
    assert not Path(".modelkeep").exists()


def test_allowed_names_come_from_the_settings_file() -> None:
    Path("modelkeep.toml").write_text('[scan]\npickle_allow = ["posix.system"]\n')
    assert said("scan", "bomb.pkl").code == 0


def test_fail_on_comes_from_flag_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("odd.pkl").write_bytes(samples.PLAIN_PICKLE + b"\0")
    assert said("scan", "odd.pkl").code == 0
    assert said("scan", "odd.pkl", "--fail-on", "info").code == 1
    monkeypatch.setenv("MODELKEEP_FAIL_ON", "info")
    assert said("scan", "odd.pkl").code == 1
    assert said("scan", "odd.pkl", "--fail-on", "critical").code == 0
