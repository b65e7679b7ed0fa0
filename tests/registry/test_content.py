"""The content store: what went in comes out, or nothing does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from modelkeep.core import EvidenceError
from modelkeep.registry import open_content
from modelkeep.sources import FileSource, digest_artifact, open_artifact


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a" * 5_000_000)
    (folder / "sub" / "empty").touch()
    return folder


def test_what_is_taken_in_has_the_artifacts_digests_and_comes_out(
    model: Path, tmp_path: Path
) -> None:
    store = open_content(tmp_path / "keep")
    artifact = open_artifact(model)
    manifest = store.take_in(artifact)
    assert manifest == digest_artifact(artifact)
    for file in manifest.files:
        sink = io.BytesIO()
        store.copy_out(file, sink)
        assert sink.getvalue() == (model / file.name).read_bytes()
        assert store.path(file.digest.sha256).stat().st_mode & 0o777 == 0o400
    assert not list((tmp_path / "keep" / "registry").glob(".draft-*"))


def test_same_bytes_are_kept_once_and_never_replaced(model: Path, tmp_path: Path) -> None:
    store = open_content(tmp_path / "keep")
    first = store.take_in(open_artifact(model))
    path = store.path(first.files[0].digest.sha256)
    before = path.stat()
    assert store.take_in(open_artifact(model)) == first
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("change", ["flip", "cut", "grow", "gone"])
def test_object_that_was_changed_is_refused_with_its_place(
    change: str, model: Path, tmp_path: Path
) -> None:
    store = open_content(tmp_path / "keep")
    file = store.take_in(open_artifact(model)).files[0]
    path = store.path(file.digest.sha256)
    path.chmod(0o600)
    data = path.read_bytes()
    changed = {"flip": b"b" + data[1:], "cut": data[:-1], "grow": data + b"x"}
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(changed[change])
    with pytest.raises(EvidenceError, match=file.digest.sha256):
        store.copy_out(file, io.BytesIO())
    if change != "gone":
        with pytest.raises(EvidenceError, match="was changed in the content store"):
            store.take_in(open_artifact(model))


def test_disk_that_is_full_leaves_nothing_behind(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(FileSource, "read", full)
    store = open_content(tmp_path / "keep")
    with pytest.raises(EvidenceError, match="No space left"):
        store.take_in(open_artifact(model))
    assert not [path for path in (tmp_path / "keep").rglob("*") if path.is_file()]
