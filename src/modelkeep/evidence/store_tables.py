"""Tables of the evidence store, and log entries as their rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa

_METADATA: Final = sa.MetaData()
ENTRY: Final = sa.Table(
    "entry",
    _METADATA,
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("statement_id", sa.String(64)),
    sa.Column("subject", sa.String(64)),
    sa.Column("predicate_type", sa.Text),
    sa.Column("issued", sa.String(20)),
    sa.Column("expires", sa.String(20)),
    sa.Column("body", sa.LargeBinary),
)
NODE: Final = sa.Table(
    "node",
    _METADATA,
    sa.Column("level", sa.Integer, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("hash", sa.LargeBinary(32)),
)
CHECKPOINT: Final = sa.Table(
    "checkpoint",
    _METADATA,
    sa.Column("size", sa.Integer, primary_key=True),
    sa.Column("note", sa.Text),
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One log entry: an envelope and the columns it is found by."""

    statement_id: str
    subject: str
    predicate_type: str
    issued: str
    expires: str
    body: bytes
    seq: int = -1


def row_of(entry: Entry, seq: int) -> dict[str, object]:
    """The columns of an entry at its place in the log."""
    return {
        "seq": seq,
        "statement_id": entry.statement_id,
        "subject": entry.subject,
        "predicate_type": entry.predicate_type,
        "issued": entry.issued,
        "expires": entry.expires,
        "body": entry.body,
    }


def entry_from(row: sa.Row[tuple[object, ...]]) -> Entry:
    """The entry a row of the table holds."""
    return Entry(
        statement_id=str(row.statement_id),
        subject=str(row.subject),
        predicate_type=str(row.predicate_type),
        issued=str(row.issued),
        expires=str(row.expires),
        body=as_bytes(row.body),
        seq=int(row.seq),
    )


def as_bytes(value: object) -> bytes:
    """A stored value as bytes; SQLite lets anybody put text into any column."""
    return value if isinstance(value, bytes) else str(value).encode()
