from __future__ import annotations

from types import SimpleNamespace

from evidence_samples import entry
from modelkeep.evidence.store_tables import as_bytes, entry_from, row_of


def test_an_entry_comes_back_from_its_row_with_its_place() -> None:
    made = entry(b"body")
    found = entry_from(SimpleNamespace(**row_of(made, 7)))  # type: ignore[arg-type]
    assert (found.body, found.seq, found.statement_id) == (b"body", 7, made.statement_id)


def test_text_in_a_column_of_bytes_is_read_as_bytes() -> None:
    assert as_bytes("a") == as_bytes(b"a") == b"a"
