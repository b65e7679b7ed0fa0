"""``modelkeep encrypt``, ``decrypt`` and ``rewrap`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    said("--keep", desk.folder / ".modelkeep", "init")


def test_model_is_encrypted_and_decrypted_and_no_more_is_promised() -> None:
    got = said("encrypt", "model.onnx", "model.enc")
    assert got.code == 0
    assert "at rest" in got.out
    assert "protect" not in got.out
    assert (
        said("rewrap", "model.enc", "two.enc", "--to", ".modelkeep/keys/encryption.pub").code
        == 0
    )
    assert said("decrypt", "two.enc", "out.onnx").code == 0
    assert Path("out.onnx").read_bytes() == Path("model.onnx").read_bytes()


def test_what_is_not_encrypted_or_was_changed_is_2() -> None:
    assert said("decrypt", "model.onnx", "out").code == 2
    said("encrypt", "model.onnx", "model.enc")
    data = bytearray(Path("model.enc").read_bytes())
    data[-1] ^= 1
    Path("model.enc").write_bytes(data)
    got = said("decrypt", "model.enc", "out")
    assert got.code == 2
    assert "chunk" in got.err
    assert not Path("out").exists()
