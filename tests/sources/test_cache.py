"""The cache: gives back what was put in, and nothing that anybody else put there."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from modelkeep.sources import Cache, cache_folder
from modelkeep.sources.cache import SECRET, STORE

KEY, OTHER = b"k" * 32, b"o" * 32


def edit(folder: Path, statement: str, *values: object) -> None:
    with sqlite3.connect(folder / STORE) as store:
        store.execute(statement, values)
    store.close()


def test_entries_come_back_in_this_process_and_the_next(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "c")
    assert cache.get(KEY) is None
    cache.put([(KEY, b"body"), (OTHER, b"")])
    assert (cache.get(KEY), cache.get(OTHER)) == (b"body", b"")
    assert Cache(tmp_path / "c").get(KEY) == b"body"
    cache.put([(KEY, b"new")])
    assert Cache(tmp_path / "c").get(KEY) == b"new"


def test_folder_and_secret_are_private(tmp_path: Path) -> None:
    Cache(tmp_path / "c")
    assert (tmp_path / "c").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "c" / SECRET).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (tmp_path / "c").iterdir()] == [SECRET]


def test_what_was_changed_moved_or_forged_is_not_found(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for statement, values in (
        ("UPDATE entry SET body = CAST(body || x'00' AS BLOB)", ()),
        ("UPDATE entry SET key = ?", (OTHER,)),
        ("UPDATE entry SET body = ?", (bytes(32) + b"body",)),
        ("UPDATE entry SET body = x''", ()),
    ):
        cache.put([(KEY, b"body")])
        edit(tmp_path, "DELETE FROM entry WHERE key = ?", OTHER)
        assert cache.get(KEY) == b"body"
        edit(tmp_path, statement, *values)
        assert cache.get(KEY) is None
        assert cache.get(OTHER) is None


def test_entries_under_another_secret_are_not_found(tmp_path: Path) -> None:
    Cache(tmp_path).put([(KEY, b"body")])
    (tmp_path / SECRET).write_bytes(bytes(32))
    assert Cache(tmp_path).get(KEY) is None


@pytest.mark.parametrize("damage", [b"", b"no database at all" * 100])
def test_damaged_store_reads_as_empty(tmp_path: Path, damage: bytes) -> None:
    Cache(tmp_path).put([(KEY, b"body")])
    (tmp_path / STORE).write_bytes(damage)
    cache = Cache(tmp_path)
    assert cache.get(KEY) is None
    cache.put([(KEY, b"body")])


def test_secret_of_another_length_is_not_used(tmp_path: Path) -> None:
    (tmp_path / SECRET).write_bytes(b"short")
    cache = Cache(tmp_path)
    cache.put([(KEY, b"body")])
    assert cache.get(KEY) is None


def test_folder_that_others_can_write_or_that_cannot_be_made_is_not_used(
    tmp_path: Path,
) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "file").touch()
    for folder in (tmp_path / "open", tmp_path / "file" / "c"):
        cache = Cache(folder)
        cache.put([(KEY, b"body")])
        assert cache.get(KEY) is None
    assert list((tmp_path / "open").iterdir()) == []


def test_oldest_entries_go_when_there_are_too_many(tmp_path: Path) -> None:
    cache = Cache(tmp_path, most=20)
    keys = [bytes([number]) for number in range(30)]
    for key in keys:
        cache.put([(key, b"body")])
    left = [key for key in keys if cache.get(key)]
    assert len(left) <= 20
    assert left == keys[-len(left) :]


def test_cache_is_read_in_a_forked_process_too(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.put([(KEY, b"body")])
    assert cache.get(KEY) == b"body"
    pid = os.fork()
    if pid == 0:
        os._exit(0 if cache.get(KEY) == b"body" else 1)
    assert os.waitpid(pid, 0)[1] == 0


def test_folder_is_as_set_or_in_the_keep_or_among_the_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "x"))
    assert cache_folder("off", "") is None
    assert cache_folder("here", "") == Path("here")
    assert cache_folder("auto", "") == tmp_path / "x" / "modelkeep"
    (tmp_path / ".modelkeep").mkdir()
    assert cache_folder("auto", "") == tmp_path / ".modelkeep" / "cache"
    (tmp_path / "k").mkdir()
    assert cache_folder("auto", "k") == Path("k") / "cache"
    (tmp_path / ".modelkeep").rmdir()
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", "/home/me")
    assert cache_folder("auto", "") == Path("/home/me/.cache/modelkeep")
    monkeypatch.setenv("HOME", "")
    assert cache_folder("auto", "") is None
