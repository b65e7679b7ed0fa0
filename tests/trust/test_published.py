"""Published checksums: from a file, and from a clone without its large files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from modelkeep.core import InputError
from modelkeep.trust import read_published
from modelkeep.trust.published import pointer_digest

SHA = hashlib.sha256(b"weights").hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{SHA}\nsize 7\n".encode()


def test_checksum_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text(f"{SHA}  model.bin\n")
    assert read_published(tmp_path / "SHA256SUMS") == {"model.bin": SHA}


def test_clone_gives_the_digests_its_pointers_stand_for(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (tmp_path / "model.safetensors").write_bytes(POINTER)
    (tmp_path / "config.json").write_bytes(b"{}")
    assert read_published(tmp_path) == {
        "model.safetensors": SHA,
        "config.json": hashlib.sha256(b"{}").hexdigest(),
    }


def test_folder_without_pointers_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b"{}")
    with pytest.raises(InputError, match="no file in it is a pointer"):
        read_published(tmp_path)
    with pytest.raises(InputError):
        read_published(tmp_path / "gone")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"weights",
        POINTER[:-12],
        POINTER.replace(b"sha256", b"sha1"),
        POINTER + b"more\n",
        b" " + POINTER,
        POINTER.replace(SHA.encode(), SHA.upper().encode()),
    ],
)
def test_what_is_no_pointer_is_taken_for_a_file(data: bytes) -> None:
    assert pointer_digest(data) is None


def test_pointer_may_carry_extensions() -> None:
    extended = POINTER.replace(b"oid", b"ext-0-foo sha256:00\noid", 1)
    assert pointer_digest(extended) == SHA
