"""Sealed copies: the bytes that were there, which nobody changes any more."""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from modelkeep.core import InputError
from modelkeep.sources import digest_artifact, open_artifact, sealed_copy


def test_copy_has_the_digests_of_the_artifact_and_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a" * 5_000_000)
    (folder / "sub" / "empty").touch()
    artifact = open_artifact(folder)
    with sealed_copy(artifact) as copy:
        assert copy.manifest == digest_artifact(artifact)
        assert copy.path == copy.named
        assert (copy.path / "a.bin").read_bytes() == b"a" * 5_000_000
        assert (copy.path / "sub" / "empty").read_bytes() == b""
        assert copy.named.name == "model"
    assert not copy.named.exists()


def test_copy_can_be_mapped_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"weights")
    with sealed_copy(open_artifact(path)) as copy:
        path.write_bytes(b"changed")
        with copy.path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        descriptor = os.open(copy.path, os.O_RDWR)
        for change in (lambda: os.write(descriptor, b"x"), lambda: os.truncate(descriptor, 0)):
            with pytest.raises(PermissionError):
                change()
        with pytest.raises(PermissionError):
            mmap.mmap(descriptor, 7)
        os.close(descriptor)
        assert copy.named.read_bytes() == b"weights"
    assert mapped[:] == b"weights"  # outlives the context


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"x")
    artifact = open_artifact(path)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with sealed_copy(artifact):
            pass
    path.unlink()
    for _ in range(20):
        with pytest.raises(InputError), sealed_copy(artifact):
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before
