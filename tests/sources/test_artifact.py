"""Artifacts: every file counts, and what two readers could see differently is refused."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import EvidenceError, InputError
from modelkeep.sources import FileSource, open_artifact, read_unchanged


def tree(root: Path, *names: str) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def test_a_file_is_an_artifact_of_one_file(tmp_path: Path) -> None:
    path = tree(tmp_path, "m.onnx") / "m.onnx"
    artifact = open_artifact(str(path))
    assert (artifact.is_directory, artifact.files, artifact.name) == (False, ("",), "m.onnx")
    assert (artifact.locate(""), artifact.display("")) == (path, "m.onnx")
    assert artifact.signature == tmp_path / "m.onnx.sig"


def test_every_file_of_a_tree_counts(tmp_path: Path) -> None:
    tree(tmp_path, "b.bin", ".hidden", ".git/config", "a/z", "a/y/x", "a.txt")
    (tmp_path / "empty").touch()
    (tmp_path / "nothing in here").mkdir()
    artifact = open_artifact(tmp_path)
    assert artifact.files == (
        ".git/config",
        ".hidden",
        "a/y/x",
        "a/z",
        "a.txt",
        "b.bin",
        "empty",
    )
    assert artifact.display("a/z") == "a/z"
    assert artifact.locate("a/z").read_bytes() == b"a/z"
    assert artifact.signature == tmp_path / "model.sig"


def test_only_the_signature_at_the_root_by_its_exact_name_is_left_out(tmp_path: Path) -> None:
    tree(tmp_path, "model.sig", "model.sig.bak", "Model.sig", "sub/model.sig", "xmodel.sig")
    assert open_artifact(tmp_path).files == (
        "Model.sig",
        "model.sig.bak",
        "sub/model.sig",
        "xmodel.sig",
    )


def test_a_single_file_named_like_the_signature_is_read(tmp_path: Path) -> None:
    assert open_artifact(tree(tmp_path, "model.sig") / "model.sig").files == ("",)


def test_a_linked_file_counts_under_the_name_of_the_link(tmp_path: Path) -> None:
    tree(tmp_path, "outside.bin", "model/config.json")
    (tmp_path / "model" / "weights.bin").symlink_to(tmp_path / "outside.bin")
    artifact = open_artifact(tmp_path / "model")
    assert artifact.files == ("config.json", "weights.bin")
    with FileSource(artifact.locate("weights.bin")) as source:
        assert source.read(0, 99) == b"outside.bin"


@pytest.mark.parametrize("target", ["folder", "nowhere", "loop"])
def test_a_link_to_a_directory_or_to_nothing_is_refused(tmp_path: Path, target: str) -> None:
    tree(tmp_path, "model/a.bin", "folder/b.bin")
    link = tmp_path / "model" / "loop"
    link.symlink_to(link if target == "loop" else tmp_path / target)
    with pytest.raises(InputError, match="loop: a link to a directory or to nothing"):
        open_artifact(tmp_path / "model")


def test_what_is_no_regular_file_is_refused_before_it_is_opened(tmp_path: Path) -> None:
    tree(tmp_path, "model/a.bin")
    fifo = tmp_path / "model" / "pipe"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path / "model"):
        with pytest.raises(InputError, match="pipe: not a regular file"):
            open_artifact(path)
    fifo.unlink()
    os.mkfifo(tmp_path / "pipe")
    fifo.symlink_to(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        open_artifact(tmp_path / "model")


def test_what_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_artifact(tmp_path / "gone")
    with pytest.raises(InputError, match="gone"):
        FileSource(tmp_path / "gone")


@pytest.mark.parametrize("names", [(), ("model.sig",)], ids=["nothing", "only a signature"])
def test_a_directory_without_a_file_is_refused(tmp_path: Path, names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="holds no file"):
        open_artifact(tree(tmp_path, *names))


def test_the_current_directory_has_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree(tmp_path, "net/a.bin")
    monkeypatch.chdir(tmp_path / "net")
    assert open_artifact(".").name == "net"


@given(st.binary(max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_a_file_reads_like_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, offset: int, length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "random.bin"
    path.write_bytes(data)
    with FileSource(path) as source:
        assert source.size == len(data)
        assert source.read(offset, length) == data[offset : offset + length]


def test_reading_unchanged_bytes_returns_them(tmp_path: Path) -> None:
    path = tree(tmp_path, "m.bin") / "m.bin"
    assert read_unchanged(path, hashlib.sha256(b"m.bin").hexdigest()) == b"m.bin"


def test_a_file_that_changed_since_it_was_checked_is_refused(tmp_path: Path) -> None:
    path = tree(tmp_path, "m.bin") / "m.bin"
    checked = hashlib.sha256(b"m.bin").hexdigest()
    path.write_bytes(b"n.bin")
    with pytest.raises(EvidenceError, match="changed while it was being checked"):
        read_unchanged(path, checked)


def test_a_file_larger_than_the_limit_is_not_read(tmp_path: Path) -> None:
    path = tree(tmp_path, "m.bin") / "m.bin"
    with pytest.raises(InputError, match="larger than 4 bytes"):
        read_unchanged(path, hashlib.sha256(b"m.bin").hexdigest(), limit=4)


def test_links_are_told_apart(tmp_path: Path) -> None:
    other, model = tmp_path / "other", tmp_path / "model"
    other.write_bytes(b"x")
    model.mkdir()
    (model / "plain").write_bytes(b"y")
    (model / "inner").symlink_to("plain")
    (model / "twin").hardlink_to(model / "plain")
    (model / "soft").symlink_to(other)
    (model / "hard").hardlink_to(other)
    assert open_artifact(model).links() == {
        "hard": "hard",
        "plain": "hard",
        "soft": "symbolic",
        "twin": "hard",
    }
    assert open_artifact(model / "soft").links() == {}
