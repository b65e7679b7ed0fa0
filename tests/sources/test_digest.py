"""Digests: the ones everybody else computes, over every file."""

from __future__ import annotations

import hashlib
from pathlib import Path

import blake3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import Digest, InputError
from modelkeep.sources import Hashing, digest_artifact, digest_bytes, open_artifact, root_digest

CHUNK = 4 << 20


def expected(data: bytes) -> Digest:
    return Digest(hashlib.sha256(data).hexdigest(), blake3.blake3(data).hexdigest())


@given(st.binary(max_size=100))
def test_bytes_have_the_digests_of_hashlib_and_blake3(data: bytes) -> None:
    assert digest_bytes(data) == expected(data)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_a_file_has_the_digest_of_its_bytes_whatever_its_length(
    tmp_path: Path, size: int
) -> None:
    path = tmp_path / "m.bin"
    path.write_bytes(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
    seen: list[int] = []
    manifest = digest_artifact(open_artifact(path), seen.append)
    (file,) = manifest.files
    assert manifest.digest == file.digest == expected(path.read_bytes())
    assert file.size == size == sum(seen)


def test_a_directory_is_digested_over_the_digests_of_its_files_in_manifest_order(
    tmp_path: Path,
) -> None:
    contents = {"b.bin": b"2", "a/x": b"1", ".hidden": b"", "a.txt": b"3"}
    for name, data in contents.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "model.sig").write_bytes(b"left out")
    manifest = digest_artifact(open_artifact(tmp_path))
    assert {f.name: f.digest for f in manifest.files} == {
        name: expected(data) for name, data in contents.items()
    }
    order = [".hidden", "a/x", "a.txt", "b.bin"]
    assert [f.name for f in manifest.files] == order
    sha = hashlib.sha256(b"".join(hashlib.sha256(contents[n]).digest() for n in order))
    fast = blake3.blake3(b"".join(blake3.blake3(contents[n]).digest() for n in order))
    assert manifest.digest == Digest(sha.hexdigest(), fast.hexdigest())


def test_the_digest_of_a_directory_depends_on_the_order_of_its_files() -> None:
    one, two = digest_bytes(b"1"), digest_bytes(b"2")
    assert root_digest([one, two]) != root_digest([two, one])
    assert root_digest([one]) != one


def test_a_linked_file_is_digested_by_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "real").write_bytes(b"real")
    (tmp_path / "model" / "link").symlink_to(tmp_path / "real")
    (file,) = digest_artifact(open_artifact(tmp_path / "model")).files
    assert (file.name, file.digest) == ("link", expected(b"real"))


def test_a_file_that_went_away_is_an_input_error(tmp_path: Path) -> None:
    path = tmp_path / "m.bin"
    path.touch()
    artifact = open_artifact(path)
    path.unlink()
    with pytest.raises(InputError, match=r"m\.bin"):
        digest_artifact(artifact)


def test_a_digest_reads_as_its_sha256() -> None:
    assert str(digest_bytes(b"")) == f"sha256:{hashlib.sha256(b'').hexdigest()}"


@pytest.mark.parametrize("mode", Hashing)
def test_only_the_digests_that_are_asked_for_are_there(mode: Hashing, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    for name in ("a", "b"):
        (tmp_path / "m" / name).write_bytes(name.encode() * 10)
    both = digest_artifact(open_artifact(tmp_path / "m"))
    some = digest_artifact(open_artifact(tmp_path / "m"), hashing=mode)
    sha = mode in (Hashing.INTEROP, Hashing.BOTH)
    fast = mode in (Hashing.FAST, Hashing.BOTH)
    for whole, part in (
        (both.digest, some.digest),
        (both.files[0].digest, some.files[0].digest),
    ):
        assert part == Digest(whole.sha256 if sha else "", whole.blake3 if fast else "")
    alone = digest_bytes(b"a" * 10, mode)
    assert alone == some.files[0].digest
