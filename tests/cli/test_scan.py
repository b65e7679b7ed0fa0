"""``modelkeep scan``: many paths, one code."""

from __future__ import annotations

import io
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
    Path("modelkeep.toml").write_text('[scan.pickle]\nallow = ["posix.system"]\n')
    assert said("scan", "bomb.pkl").code == 0


def test_fail_on_comes_from_flag_or_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("odd.pkl").write_bytes(samples.PLAIN_PICKLE + b"\0")
    assert said("scan", "odd.pkl").code == 0
    assert said("scan", "odd.pkl", "--fail-on", "info").code == 1
    monkeypatch.setenv("MODELKEEP_FAIL_ON", "info")
    assert said("scan", "odd.pkl").code == 1
    assert said("scan", "odd.pkl", "--fail-on", "critical").code == 0


def test_globs_and_rules_are_options() -> None:
    got = said(
        "scan", ".", "--include", "*.pkl", "--exclude", "cut.*", "--rules", "PKL001,PKL002"
    )
    assert got.code == 1
    assert "cut.pkl: excluded by cut.*" in got.words
    assert "rule PKL003" in got.words
    assert said("scan", ".", "--exclude", "*.pkl").code == 0
    assert said("scan", "bomb.pkl", "--skip-rules", "PKL001").code == 0
    assert said("scan", "bomb.pkl", "--rules", "PKL999").code == 64


def test_stdin_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(samples.BOMB)))
    got = said("scan", "-")
    assert got.code == 1
    assert "--> stdin @ 0x" in got.out


def test_file_named_like_stdin_can_be_scanned() -> None:
    Path("-").write_bytes(samples.PLAIN_PICKLE)
    assert said("scan", "./-").code == 0


def test_baseline_is_written_and_used() -> None:
    got = said("scan", "bomb.pkl", "--write-baseline", "known.json")
    assert (got.code, got.err) == (1, "wrote 1 findings to known.json\n")
    got = said("scan", "bomb.pkl", "--baseline", "known.json")
    assert got.code == 0
    assert "suppressed: 1" in got.words
    assert "PKL001" not in got.out


def test_suppressed_findings_are_shown_when_asked_for_and_always_in_json() -> None:
    said("scan", "bomb.pkl", "--write-baseline", "known.json")
    known = ["scan", "bomb.pkl", "--baseline", "known.json"]
    assert "= suppressed by baseline: known before" in said(*known, "--show-suppressed").out
    document = json.loads(said(*known, "--format", "json").out)
    assert [f["rule"] for f in document["files"][0]["suppressed"]] == ["PKL001"]
    assert document["files"][0]["findings"] == []
    assert "Suppressed" not in said(*known, "--format", "md").out


def test_bill_of_materials_has_both_digests() -> None:
    document = json.loads(said("scan", "model.onnx", "--format", "cyclonedx").out)
    assert {h["alg"] for h in document["components"][0]["hashes"]} == {"SHA-256", "BLAKE3"}


def test_scan_pulls_neither_store_nor_policy_nor_cryptography() -> None:
    script = (
        "import sys; from modelkeep.cli.main import run; run(['scan', sys.argv[1]]);"
        "print([name for name in sys.argv[2:] if name in sys.modules])"
    )
    heavy = "sqlalchemy cedarpy cryptography securesystemslib numpy rich".split()
    assert samples.spoken("bomb.pkl", *heavy, script=script).out.endswith("\n[]\n")


def test_cache_is_where_it_is_asked_for_and_only_then() -> None:
    assert said("scan", "bomb.pkl", "--cache", "c").code == 1
    assert {path.name for path in Path("c").iterdir()} == {"secret", "verdicts.sqlite"}
    assert said("scan", "bomb.pkl", "--cache", "c").code == 1
    assert said("scan", "bomb.pkl", "--no-cache", "--cache", "d").code == 1
    assert not Path("d").exists()
