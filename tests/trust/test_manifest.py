"""What was signed against what is there, and checksum files that say one thing only."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import InputError
from modelkeep.sources import digest_artifact, open_artifact
from modelkeep.trust import Difference, compare, digests_by_name, read_checksums

A, B = "aa" * 32, "bb" * 32
maps = st.dictionaries(st.sampled_from("abcdef"), st.sampled_from([A, B]))


def test_each_difference_is_named_under_its_own_kind() -> None:
    found = compare({"same": A, "gone": A, "new": A}, {"same": A, "new": B, "added": A})
    assert found == Difference(extra=("added",), missing=("gone",), changed=("new",))
    assert found.sentences() == [
        "new: changed since it was signed",
        "gone: signed, but missing",
        "added: present, but never signed",
    ]


@given(maps, maps)
def test_difference_is_empty_exactly_for_equal_maps(
    expected: dict[str, str], actual: dict[str, str]
) -> None:
    found = compare(expected, actual)
    assert bool(found) == (expected != actual)
    names = found.extra + found.missing + found.changed
    assert set(names) == {
        name for name in {*expected, *actual} if expected.get(name) != actual.get(name)
    }
    assert len(names) == len(set(names)) == len(found.sentences())


def test_files_are_named_as_people_know_them(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / ".hidden").write_bytes(b"x")
    (tmp_path / "m" / "sub").mkdir()
    (tmp_path / "m" / "sub" / "w.bin").write_bytes(b"w")
    tree = open_artifact(tmp_path / "m")
    assert digests_by_name(tree, digest_artifact(tree)) == {
        ".hidden": hashlib.sha256(b"x").hexdigest(),
        "sub/w.bin": hashlib.sha256(b"w").hexdigest(),
    }
    file = open_artifact(tmp_path / "m" / "sub" / "w.bin")
    assert list(digests_by_name(file, digest_artifact(file))) == ["w.bin"]


def checksums(folder: Path, text: str) -> dict[str, str]:
    (folder / "SHA256SUMS").write_text(text, encoding="utf-8")
    return read_checksums(folder / "SHA256SUMS")


def test_checksums_are_read_in_every_form_the_tool_writes(tmp_path: Path) -> None:
    text = f"{A}  weights.bin\n{B.upper()} *./sub/b c.bin\n\n"
    assert checksums(tmp_path, text) == {"weights.bin": A, "sub/b c.bin": B}


def test_file_written_by_sha256sum_itself_is_read(tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(b"w")
    try:
        run = subprocess.run(
            ["sha256sum", "w.bin"], cwd=tmp_path, capture_output=True, text=True, check=True
        )
    except FileNotFoundError:
        pytest.skip("sha256sum is not installed")
    assert checksums(tmp_path, run.stdout) == {"w.bin": hashlib.sha256(b"w").hexdigest()}


@pytest.mark.parametrize(
    "line",
    ["garbage", A, f"{A} ", f"{A[:-1]}  short", f"{A}a  long", f"{'g' * 64}  name", f"x{A}  n"],
)
def test_line_of_another_form_is_named_by_number(tmp_path: Path, line: str) -> None:
    with pytest.raises(InputError, match="SHA256SUMS:2: not a sha256sum line"):
        checksums(tmp_path, f"{A}  good\n{line}\n")


def test_two_checksums_for_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="SHA256SUMS"):
        checksums(tmp_path, f"{A}  name\n{B}  ./name\n")


def test_file_without_checksums_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no checksum"):
        checksums(tmp_path, "\n\n")
    with pytest.raises(InputError, match="missing"):
        read_checksums(tmp_path / "missing")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="binary"):
        read_checksums(tmp_path / "binary")
