"""``modelkeep sign``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said
from modelkeep.evidence import SigningKey


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


def test_signature_is_written_and_its_path_printed() -> None:
    got = said("sign", "model.onnx")
    assert (got.code, got.out) == (0, "model.onnx.sig\n")
    assert json.loads(Path("model.onnx.sig").read_text())["mediaType"].startswith(
        "application/"
    )
    assert got.err.startswith("made a keep at ")


def test_directory_is_signed_inside() -> None:
    folder = samples.directory_of(Path("model"), a__bin=b"a")
    assert said("sign", folder).out == "model/model.sig\n"


def test_dry_run_names_every_file_and_writes_nothing() -> None:
    folder = samples.directory_of(Path("model"), a__bin=b"a", __hidden=b"")
    before = sorted(Path().rglob("*"))
    got = said("sign", folder, "--dry-run")
    assert got.code == 0
    assert got.out.splitlines() == [
        "would write model/model.sig, covering 2 files:",
        "  .hidden",
        "  a.bin",
    ]
    assert sorted(Path().rglob("*")) == before


def test_key_of_somebody_else_signs() -> None:
    key = SigningKey.generate("ed25519")
    key.save(Path("ci.pem"))
    Path("ci.pub").write_text(key.public.pem)
    assert said("sign", "model.onnx", "--key", "ci.pem").code == 0
    assert said("verify", "model.onnx").code == 1
    assert said("trust", "add", "ci", "ci.pub", "--predicate", "model-signature").code == 0
    assert said("verify", "model.onnx").code == 0


def test_key_with_a_passphrase_needs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELKEEP_PASSPHRASE", "correct horse")
    assert said("sign", "model.onnx").code == 0
    assert "ENCRYPTED" in Path(".modelkeep/keys/signing.pem").read_text()
    monkeypatch.setenv("MODELKEEP_PASSPHRASE", "wrong")
    got = said("sign", "model.onnx")
    assert (got.code, "wrong passphrase" in got.err) == (2, True)
    monkeypatch.delenv("MODELKEEP_PASSPHRASE")
    got = said("sign", "model.onnx")
    assert (got.code, "MODELKEEP_PASSPHRASE" in got.err) == (2, True)
