"""``modelkeep verify``."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a keep in a folder of its own."""
    said("--keep", desk.folder / ".modelkeep", "init")


def test_signed_model_is_0_and_names_the_signer() -> None:
    said("sign", "model.onnx")
    got = said("verify", "model.onnx")
    assert got.code == 0
    assert got.out.startswith("PASS")
    assert "signed by keep" in got.out


def test_unsigned_model_is_1() -> None:
    got = said("verify", "model.onnx")
    assert (got.code, "SIG002" in got.out) == (1, True)


def test_files_that_are_not_as_signed_are_named() -> None:
    folder = samples.directory_of(Path("model"), a__bin=b"a", b__bin=b"b")
    said("sign", folder)
    samples.flip(folder / "a.bin", 0)
    (folder / "b.bin").unlink()
    (folder / "c.bin").write_bytes(b"c")
    got = said("verify", folder)
    assert got.code == 1
    for sentence in (
        "a.bin: changed since it was signed",
        "b.bin: signed, but missing",
        "c.bin: present, but never signed",
    ):
        assert sentence in got.out


def test_checksums_are_compared() -> None:
    digest = hashlib.sha256(Path("model.onnx").read_bytes()).hexdigest()
    Path("SHA256SUMS").write_text(f"{digest}  model.onnx\n")
    assert said("verify", "model.onnx", "--checksums", "SHA256SUMS").code == 0
    Path("SHA256SUMS").write_text(f"{'0' * 64}  model.onnx\n")
    got = said("verify", "model.onnx", "--checksums", "SHA256SUMS")
    assert (got.code, "changed since it was listed in SHA256SUMS" in got.words) == (1, True)


def test_json_lists_the_files() -> None:
    report = json.loads(said("verify", "model.onnx", "--format", "json").out)
    assert [file["path"] for file in report["files"]] == ["model.onnx"]
    assert report["not_checked"][0]["what"] == "contents"


def test_report_profile_never_fails() -> None:
    assert said("verify", "model.onnx", "--profile", "report").code == 0
