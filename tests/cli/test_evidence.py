"""``modelkeep evidence``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said
from evidence_samples import tamper


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a keep with one check in a folder of its own."""
    said("--keep", desk.folder / ".modelkeep", "check", desk.model)


def entries(*words: str) -> list[list[str]]:
    return [line.split() for line in said("evidence", "list", *words).out.splitlines()]


def test_list_shows_index_id_predicate_and_expiry() -> None:
    found = entries("model.onnx")
    assert [line[0] for line in found] == ["0", "1", "2", "3", "4"]
    assert [line[2] for line in found] == "scan signature bom test-result decision".split()
    assert all(line[-2] == "until" for line in found)


def test_show_and_prove_print_json_of_one_statement() -> None:
    identifier = entries()[0][1]
    shown = json.loads(said("evidence", "show", identifier).out)
    assert shown["statement"]["_type"] == "https://in-toto.io/Statement/v1"
    proof = json.loads(said("evidence", "prove", identifier).out)
    assert proof["statement_id"] == shown["statement_id"]
    assert said("evidence", "show", "zz").code == 2


def test_exported_bundle_verifies_in_another_place() -> None:
    Path("bundle.json").write_text(said("evidence", "export", "model.onnx").out)
    Path("trust.json").write_text(said("trust", "export").out)
    other = Path("other")
    other.mkdir()
    os.chdir(other)
    # Nothing upward is asked: the trust map is the auditor's own.
    got = said("evidence", "verify", "../bundle.json", "--trust", "../trust.json")
    assert got.code == 0
    assert "decision: deploy PASSED at " in got.out
    assert "fact scan_critical = 0" in got.out
    assert got.out.endswith("holds\n")
    assert list(Path().iterdir()) == []


def test_tampered_bundle_is_1_and_says_what_does_not_hold() -> None:
    bundle = json.loads(said("evidence", "export", "model.onnx").out)
    del bundle["entries"][0]
    Path("bundle.json").write_text(json.dumps(bundle))
    got = said("evidence", "verify", "bundle.json")
    assert got.code == 1
    assert "DOES NOT HOLD: the decision rests on " in got.out
    assert "holds\n" not in got.out


def test_own_log_is_0_until_somebody_changes_it() -> None:
    assert said("evidence", "verify").code == 0
    tamper(Path(".modelkeep"), ("DELETE FROM entry WHERE seq = ?", (4,)))
    got = said("evidence", "verify")
    assert (got.code, "DOES NOT HOLD: " in got.out) == (1, True)


def test_file_that_is_no_bundle_is_2() -> None:
    got = said("evidence", "verify", "model.onnx")
    assert (got.code, got.out) == (2, "")
    assert "not an evidence bundle" in got.err


def test_export_of_an_unknown_model_is_2() -> None:
    got = said("evidence", "export", "train.npz")
    assert (got.code, "nothing is recorded" in got.err) == (2, True)
