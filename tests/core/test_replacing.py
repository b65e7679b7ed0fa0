"""Files with one writer at a time: no writer undoes another, and a full disk says so."""

from __future__ import annotations

import errno
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from modelkeep.core import EvidenceError, InputError
from modelkeep.core.replacing import locked, replace_file, write_failure


def test_no_writer_undoes_another(tmp_path: Path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(b"")

    def add(number: int) -> None:
        with locked(path):
            replace_file(path, path.read_bytes() + b"%d\n" % number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(60)))
    assert sorted(int(line) for line in path.read_text().split()) == list(range(60))
    assert path.stat().st_mode & 0o777 == 0o600
    assert {found.name for found in tmp_path.iterdir()} == {"numbers", ".numbers.lock"}


def test_lock_that_is_held_and_one_that_cannot_be_made_are_named(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "map"),
        pytest.raises(InputError, match=r"map\.lock: another") as held,
        locked(tmp_path / "map", patience=0.02),
    ):
        pytest.fail("held twice")
    assert held.value.hint == "Try again when it is done."
    with locked(tmp_path / "map"):
        pass  # given back
    with pytest.raises(InputError, match="No such file"), locked(tmp_path / "no" / "map"):
        pytest.fail("made")


def test_failure_leaves_the_old_file_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "map"
    replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(EvidenceError, match=re.escape(str(path))) as refused:
        replace_file(path, b"new")
    assert "disk" in refused.value.hint
    assert [found.name for found in tmp_path.iterdir()] == ["map"]
    assert path.read_bytes() == b"old"


def test_other_failures_are_about_the_path() -> None:
    found = write_failure(Path("map"), PermissionError(errno.EACCES, "Permission denied"))
    assert isinstance(found, InputError)
    assert found.message == "map: Permission denied"
