"""Opening a store: of another program, of a later version, and busy ones."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from evidence_samples import tamper
from modelkeep.core import InputError
from modelkeep.evidence.store_opening import open_store


def note(size: int, root: bytes) -> str:
    return f"{size} {root.hex()}"


def test_store_of_a_later_version_is_refused(tmp_path: Path) -> None:
    open_store(tmp_path / "evidence.db", note).close()
    tamper(tmp_path, ("UPDATE alembic_version SET version_num = '9999'", ()))
    with pytest.raises(InputError, match=r"evidence\.db"):
        open_store(tmp_path / "evidence.db", note)


def test_database_of_another_program_is_left_alone(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "evidence.db")
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.close()
    with pytest.raises(InputError, match=r"evidence\.db: not an evidence store"):
        open_store(tmp_path / "evidence.db", note)


@pytest.mark.parametrize("name", ["a?b", "a#b", "100%41", "a b", "\u00e4"])
def test_store_lies_where_its_path_says(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    open_store(folder / "evidence.db", note).close()
    assert (folder / "evidence.db").is_file()
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_opening_a_fresh_store_waits_for_another_process_that_is_writing(
    tmp_path: Path,
) -> None:
    other = sqlite3.connect(
        tmp_path / "evidence.db", isolation_level=None, check_same_thread=False
    )
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, other.execute, ["COMMIT"])
    timer.start()
    try:
        open_store(tmp_path / "evidence.db", note).close()
    finally:
        timer.join()
        other.close()
