"""What a loader is told: which file is the model, where it lies, which bytes were scanned."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import model_samples as samples
from modelkeep.models import Differentiable, Model


@pytest.mark.parametrize(
    ("formats", "asked", "found"),
    [
        ({"a": "onnx", "b": "text"}, ("onnx",), "a"),
        ({"a": "onnx", "b": "onnx"}, ("onnx",), None),
        ({"a": "text"}, ("onnx",), None),
        ({"a": "text", "b": "ubjson"}, ("json", "ubjson"), "b"),
        ({"a": "json", "b": "ubjson"}, ("json", "ubjson"), None),
    ],
)
def test_the_model_is_the_one_file_in_a_format_and_none_of_two(
    tmp_path: Path, formats: dict[str, str], asked: tuple[str, ...], found: str | None
) -> None:
    for name in formats:
        (tmp_path / name).write_bytes(b"x")
    assert samples.scanned(tmp_path, **formats).file_of(*asked) == found


def test_a_files_digest_is_found_by_its_shown_name(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "a.onnx").write_bytes(b"one")
    (tmp_path / "b.txt").write_bytes(b"two")
    tree = samples.scanned(tmp_path)
    assert tree.sha256("deep/a.onnx") == hashlib.sha256(b"one").hexdigest()
    assert tree.path("deep/a.onnx").read_bytes() == b"one"
    alone = samples.scanned(tmp_path / "b.txt")
    assert alone.sha256("b.txt") == hashlib.sha256(b"two").hexdigest()
    assert alone.path("b.txt") == tmp_path / "b.txt"
    with pytest.raises(KeyError):
        alone.sha256("deep/a.onnx")


def test_only_a_model_with_a_module_counts_as_differentiable() -> None:
    black_box = samples.Answering(lambda rows: rows)
    assert isinstance(black_box, Model)
    assert not isinstance(black_box, Differentiable)
    assert isinstance(samples.linear([1.0]), Differentiable)
