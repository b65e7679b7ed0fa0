"""Opening the SQLite file of a store: its journal, its tables, and who else has it open."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from modelkeep.core import InputError
from modelkeep.evidence.store import SignNote, Store, disk_failed, unanswered

HEAD: Final = "0001"
_PATIENCE: Final = 30.0  # seconds to wait for another process


def open_store(path: Path, sign: SignNote) -> Store:
    """Open a SQLite store, making or upgrading its tables where needed.

    Raises:
        InputError: the file is not a database of ours, or cannot be opened.
        EvidenceError: its disk is full or fails.
    """
    url = sa.URL.create("sqlite", database=str(path))
    engine = sa.create_engine(url, connect_args={"timeout": _PATIENCE})

    def configure(connection: object, _record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # begin() is ours
        cursor = connection.cursor()  # type: ignore[attr-defined]  # a DBAPI connection
        _switch_to_wal(cursor)
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.close()

    sa.event.listen(engine, "connect", configure)
    sa.event.listen(engine, "begin", lambda c: c.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        _migrate(engine, path)
    except DatabaseError as error:
        engine.dispose()
        if disk_failed(error):
            raise unanswered(engine, error) from error
        raise InputError(f"{path}: not an evidence store ({error.orig})") from error
    return Store(engine, sign)


def _switch_to_wal(cursor: Any) -> None:  # noqa: ANN401 - a DBAPI cursor
    """Set the journal mode; SQLite does not wait for others here, so this does."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            name = str(getattr(error, "sqlite_errorname", ""))
            busy = name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
            if not busy or time.monotonic() > until:  # a full disk is told at once
                raise
            time.sleep(0.01)
        else:
            return


def _migrate(engine: sa.Engine, path: Path) -> None:
    with engine.connect() as connection, connection.begin():
        try:
            query = sa.text("SELECT version_num FROM alembic_version")
            version = connection.execute(query).scalar()
        except OperationalError:
            version = None
        if version == HEAD:
            return
        if version is not None:
            raise InputError(f"{path}: an evidence store of a later version ({version})")
        if sa.inspect(connection).get_table_names():
            raise InputError(f"{path}: not an evidence store but another program's database")
        # Imported here: Alembic costs 0.3 s and is needed once in a store's life.
        from alembic import command  # noqa: PLC0415
        from alembic.config import Config  # noqa: PLC0415

        config = Config()
        config.set_main_option("script_location", "modelkeep.evidence:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
