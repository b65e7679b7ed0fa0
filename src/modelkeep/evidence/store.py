"""Where statements live: SQLAlchemy over SQLite (WAL, synchronous=FULL).

An append is acknowledged after the commit, and the commit after its sync to disk.
Threads that append at the same time share one commit. Two processes take turns
through ``BEGIN IMMEDIATE``; each sees what the other appended before it appends.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, OperationalError

from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence.merkle import Frontier, Node, leaf_hash
from modelkeep.evidence.store_tables import (
    CHECKPOINT,
    ENTRY,
    NODE,
    Entry,
    as_bytes,
    entry_from,
    row_of,
)

HEAD: Final = "0001"
_PATIENCE: Final = 30.0  # seconds to wait for another process
_BATCH: Final = 256  # most appends that share a commit
_LAST: Final = 64  # entries looked at for the time the log has come to


@dataclass(slots=True)
class _Ticket:
    entries: list[Entry]
    first: int = -1
    error: BaseException | None = None
    done: bool = False


SignNote = Callable[[int, bytes], str]


@dataclass(slots=True)
class Store:
    """The evidence store of one keep.

    Attributes:
        engine: the database.
        sign: makes the checkpoint note for a size and root.
    """

    engine: sa.Engine
    sign: SignNote
    _frontier: Frontier = field(default_factory=Frontier)
    _waiting: list[_Ticket] = field(default_factory=list)
    _queue_lock: threading.Lock = field(default_factory=threading.Lock)
    _commit_lock: threading.Lock = field(default_factory=threading.Lock)

    def append(self, entries: list[Entry]) -> int:
        """Append entries together; returns the index of the first.

        When this returns, the entries are on disk.

        Raises:
            EvidenceError: the database refused them.
        """
        ticket = _Ticket(entries)
        with self._queue_lock:
            self._waiting.append(ticket)
        while not ticket.done:  # usually once; more often if more wait than fit a batch
            with self._commit_lock:
                if not ticket.done:
                    with self._queue_lock:
                        batch, self._waiting = self._waiting[:_BATCH], self._waiting[_BATCH:]
                    self._commit(batch)
        if ticket.error is not None:
            raise EvidenceError(f"the evidence store refused an entry: {ticket.error}")
        return ticket.first

    def append_next(
        self, entry: Entry, known: Iterable[str], kinds: Iterable[str]
    ) -> int | None:
        """Append an entry unless the log has moved on where it matters.

        What was decided from a reading of the log is thus never appended to another log.

        Args:
            entry: what to append.
            known: ids of all entries of those kinds about its subject, as they were read.
            kinds: predicate types it rests on.

        Returns:
            Its index, on disk; ``None`` if there are other entries by now.

        Raises:
            EvidenceError: the database refused it.
        """
        ticket = _Ticket([entry])
        query = sa.select(ENTRY.c.statement_id).where(
            ENTRY.c.subject == entry.subject, ENTRY.c.predicate_type.in_(list(kinds))
        )
        with self._commit_lock:
            try:
                with self._transaction() as connection:
                    found = {str(row[0]) for row in connection.execute(query)}
                    if found != set(known):
                        return None
                    self._write(connection, [ticket])
            except BaseException:
                self._frontier = Frontier()  # forces a reload
                raise
        return ticket.first

    def _commit(self, batch: list[_Ticket]) -> None:
        try:
            with self._transaction() as connection:
                self._write(connection, batch)
        except BaseException as error:
            self._frontier = Frontier()  # forces a reload
            for ticket in batch:
                ticket.error = error
            if not isinstance(error, EvidenceError):
                raise
        finally:
            for ticket in batch:
                ticket.done = True

    def _write(self, connection: sa.Connection, batch: list[_Ticket]) -> None:
        size = self._size(connection)
        frontier = self._frontier
        if frontier.size != size:  # another process appended
            frontier = Frontier.load(size, lambda level, at: _node(connection, level, at))
        else:
            frontier = Frontier(size, list(frontier.peaks))
        rows: list[dict[str, object]] = []
        nodes: list[Node] = []
        for ticket in batch:
            ticket.first = frontier.size
            for entry in ticket.entries:
                rows.append(row_of(entry, frontier.size))
                nodes += frontier.append(leaf_hash(entry.body))
        if not rows:
            return
        connection.execute(sa.insert(ENTRY), rows)
        connection.execute(
            sa.insert(NODE),
            [{"level": level, "position": at, "hash": value} for level, at, value in nodes],
        )
        note = self.sign(frontier.size, frontier.root())
        connection.execute(sa.insert(CHECKPOINT), [{"size": frontier.size, "note": note}])
        self._frontier = frontier

    @contextmanager
    def _transaction(self) -> Iterator[sa.Connection]:
        try:
            with self.engine.connect() as connection, connection.begin():
                yield connection
        except DatabaseError as error:
            raise EvidenceError(f"the evidence store does not answer: {error.orig}") from error

    @staticmethod
    def _size(connection: sa.Connection) -> int:
        newest = connection.execute(sa.select(sa.func.max(ENTRY.c.seq))).scalar()
        return 0 if newest is None else int(newest) + 1

    def size(self) -> int:
        """Number of entries."""
        with self._transaction() as connection:
            return self._size(connection)

    def entries(self, subject: str | None = None) -> list[Entry]:
        """Entries in log order, of one subject digest if given."""
        query = sa.select(ENTRY).order_by(ENTRY.c.seq)
        if subject is not None:
            query = query.where(ENTRY.c.subject == subject)
        with self._transaction() as connection:
            return [entry_from(row) for row in connection.execute(query)]

    def entries_of(
        self, predicate_type: str, subjects: Iterable[str] | None = None
    ) -> list[Entry]:
        """Entries of one predicate type in log order, about some subjects if given.

        Without subjects it looks at every entry of the log.
        """
        query = sa.select(ENTRY).where(ENTRY.c.predicate_type == predicate_type)
        if subjects is not None:
            query = query.where(ENTRY.c.subject.in_(list(subjects)))
        with self._transaction() as connection:
            return [entry_from(row) for row in connection.execute(query.order_by(ENTRY.c.seq))]

    def newest_issued(self) -> str:
        """Latest time of issue among the last entries of the log; empty while there are none.

        Among some, because entries that wait for each other may be logged out of order.
        """
        last = sa.select(ENTRY.c.issued).order_by(ENTRY.c.seq.desc()).limit(_LAST)
        with self._transaction() as connection:
            return max((str(row[0]) for row in connection.execute(last)), default="")

    def size_at(self, moment: str) -> int:
        """How many entries stand before the first that was issued at ``moment`` or later."""
        query = sa.select(sa.func.min(ENTRY.c.seq)).where(ENTRY.c.issued >= moment)
        with self._transaction() as connection:
            first = connection.execute(query).scalar()
            return self._size(connection) if first is None else int(first)

    def entry(self, statement_id: str) -> Entry:
        """The entry whose id starts with ``statement_id``.

        Raises:
            InputError: there is none, or more than one.
        """
        query = sa.select(ENTRY).where(
            ENTRY.c.statement_id.startswith(statement_id, autoescape=True)
        )
        with self._transaction() as connection:
            rows = connection.execute(query.limit(2)).all()
        if len(rows) != 1:
            many = "more than one entry starts" if rows else "no entry starts"
            raise InputError(f"{many} with {statement_id!r}", "See `modelkeep evidence list`.")
        return entry_from(rows[0])

    def node(self, level: int, position: int) -> bytes:
        """Hash of a complete subtree.

        Raises:
            EvidenceError: the store does not hold it.
        """
        with self._transaction() as connection:
            return _node(connection, level, position)

    def nodes(self) -> dict[tuple[int, int], bytes]:
        """Every node of the tree by level and position."""
        with self._transaction() as connection:
            rows = connection.execute(sa.select(NODE)).all()
        return {(int(row.level), int(row.position)): as_bytes(row.hash) for row in rows}

    def checkpoints(self) -> list[str]:
        """Signed notes, oldest first."""
        query = sa.select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size)
        with self._transaction() as connection:
            return [str(row[0]) for row in connection.execute(query)]

    def newest_checkpoint(self) -> str | None:
        """The newest signed note; ``None`` while the log is empty."""
        query = sa.select(CHECKPOINT.c.note).order_by(CHECKPOINT.c.size.desc()).limit(1)
        with self._transaction() as connection:
            note = connection.execute(query).scalar()
        return None if note is None else str(note)

    def close(self) -> None:
        """Give the database back."""
        self.engine.dispose()


def _node(connection: sa.Connection, level: int, position: int) -> bytes:
    query = sa.select(NODE.c.hash).where(NODE.c.level == level, NODE.c.position == position)
    found = connection.execute(query).scalar()
    if found is None:
        raise EvidenceError(f"the log's tree has no node ({level}, {position})")
    return as_bytes(found)


def open_store(path: Path, sign: SignNote) -> Store:
    """Open a SQLite store, making or upgrading its tables where needed.

    Raises:
        InputError: the file is not a database of ours, or cannot be opened.
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
        raise InputError(f"{path}: not an evidence store ({error.orig})") from error
    return Store(engine, sign)


def _switch_to_wal(cursor: Any) -> None:  # noqa: ANN401 - a DBAPI cursor
    """Set the journal mode; SQLite does not wait for others here, so this does."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
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
