"""``modelkeep convert`` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said

torch = pytest.importorskip("torch")


@pytest.mark.usefixtures("desk")
def test_checkpoint_is_converted_once_and_a_bomb_never() -> None:
    torch.save({"w": torch.ones(3)}, "a.pt")
    got = said("convert", "a.pt", "a.safetensors")
    assert got.code == 0
    assert "1 tensors" in got.out
    assert said("convert", "a.pt", "a.safetensors").code == 2
    assert said("convert", "a.pt", "a.onnx").code == 2
    Path("bomb.pt").write_bytes(samples.hidden_bomb())
    assert said("convert", "bomb.pt", "b.safetensors").code == 2
    assert not Path("b.safetensors").exists()
    assert not list(Path().glob(".b.*"))
