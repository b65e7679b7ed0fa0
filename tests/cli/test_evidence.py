"""``modelkeep evidence``."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said
from evidence_samples import DAY, statement, tamper
from modelkeep.evidence import SigningKey, open_keep, utc_now


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


def test_clock_that_was_ahead_is_corrected_by_a_person_only() -> None:
    root = Path(".modelkeep")
    key = SigningKey.generate()
    key.save(Path("ann.pem"))
    Path("ann.pub").write_text(key.public.pem)
    got = said("evidence", "correct-clock", "--reason", "battery", "--key", "ann.pem")
    assert (got.code, "may not" in got.err or "nobody's here" in got.err) == (64, True)
    said("trust", "add", "ann", "ann.pub", "--predicate", "clock-correction")
    got = said("evidence", "correct-clock", "--reason", "battery", "--key", "ann.pem")
    assert got.code == 64
    assert "hint: Set the clock right first" in got.err
    with open_keep(root, clock=lambda: utc_now() + 9 * DAY) as keep:
        keep.record([statement("decision", issued=keep.clock())])
    assert said("gate", "model.onnx", "--action", "store").code == 1
    got = said("evidence", "correct-clock", "--reason", "battery", "--key", "ann.pem")
    assert got.out == "1 entries are not compared with the clock any more\n"
    assert said("evidence", "verify").code == 0
    got = said("gate", "model.onnx", "--action", "store")
    assert "evidence-intact" not in got.out
