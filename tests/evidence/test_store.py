"""The store: commits that are shared, processes taking turns, files that are no store."""

from __future__ import annotations

import dataclasses
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evidence_samples import entry, model, new_keep, start_child, statement, tamper
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import Entry, Store, audit_log, open_keep
from modelkeep.evidence.merkle import Frontier, leaf_hash
from modelkeep.evidence.store import open_store


def note(size: int, root: bytes) -> str:
    return f"{size} {root.hex()}"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(tmp_path / "evidence.db", note)
    yield opened
    opened.close()


def entries(*bodies: bytes) -> list[Entry]:
    return [entry(body) for body in bodies]


def roots(bodies: list[bytes]) -> list[str]:
    """The note of every size these bodies lead through, from 1."""
    frontier = Frontier()
    notes = []
    for size, body in enumerate(bodies, 1):
        frontier.append(leaf_hash(body))
        notes.append(note(size, frontier.root()))
    return notes


def wait_for(store: Store, waiting: int) -> None:
    while len(store._waiting) < waiting:
        threading.Event().wait(0.001)


def test_entries_come_back_in_order_with_all_their_columns(store: Store) -> None:
    assert store.append(entries(b"a", b"b")) == 0
    assert store.append(entries(b"c")) == 2
    assert [found.body for found in store.entries()] == [b"a", b"b", b"c"]
    assert [found.seq for found in store.entries()] == [0, 1, 2]
    (made,) = entries(b"b")
    found = store.entries()[1]
    assert (
        found.statement_id,
        found.subject,
        found.predicate_type,
        found.issued,
        found.expires,
    ) == (made.statement_id, made.subject, made.predicate_type, made.issued, made.expires)
    assert store.size() == 3


def test_one_checkpoint_per_commit_over_the_tree_of_all_entries(store: Store) -> None:
    store.append(entries(b"a", b"b"))
    store.append(entries(b"c"))
    expected = roots([b"a", b"b", b"c"])
    assert store.checkpoints() == [expected[1], expected[2]]
    assert [store.node(0, i) for i in range(store.size())] == [
        leaf_hash(body) for body in (b"a", b"b", b"c")
    ]


def test_entries_of_one_subject_only(store: Store) -> None:
    other = statement(subject=model("other.onnx"))
    store.append([entry(b"a"), entry(b"b", other), entry(b"c")])
    assert [found.seq for found in store.entries(model().digest.sha256)] == [0, 2]
    assert [found.seq for found in store.entries(model("other.onnx").digest.sha256)] == [1]
    assert store.entries("00" * 32) == []


def test_appending_nothing_leaves_no_trace(store: Store) -> None:
    assert store.append([]) == 0
    assert (store.size(), store.checkpoints()) == (0, [])


def test_entry_is_found_by_any_unique_prefix_of_its_id(store: Store) -> None:
    made = entries(*(str(number).encode() for number in range(20)))  # > 16: two share a digit
    store.append(made)
    for one in made:
        assert store.entry(one.statement_id[:12]).body == one.body
        assert store.entry(one.statement_id).body == one.body
    shared = next(
        one.statement_id[0]
        for one in made
        if sum(other.statement_id[0] == one.statement_id[0] for other in made) > 1
    )
    with pytest.raises(InputError, match="more than one entry starts"):
        store.entry(shared)


@pytest.mark.parametrize("prefix", ["zz", "%", "_" * 64])
def test_prefix_that_no_id_has_finds_nothing(store: Store, prefix: str) -> None:
    store.append(entries(b"a"))
    with pytest.raises(InputError, match="no entry starts with"):
        store.entry(prefix)


def test_node_that_is_not_stored_is_named(store: Store) -> None:
    with pytest.raises(EvidenceError, match=r"no node \(3, 4\)"):
        store.node(3, 4)


def test_threads_that_append_at_once_share_a_commit(tmp_path: Path) -> None:
    sizes: list[int] = []

    def sign(size: int, root: bytes) -> str:
        if not sizes:  # the first commit waits until all others stand in line
            wait_for(store, 7)
        sizes.append(size)
        return note(size, root)

    store = open_store(tmp_path / "evidence.db", sign)
    with ThreadPoolExecutor(8) as pool:
        firsts = list(pool.map(lambda n: store.append(entries(f"{n}".encode())), range(8)))
    assert sorted(firsts) == list(range(8))
    assert sizes == [1, 8]
    for number, first in enumerate(firsts):
        assert store.entries()[first].body == f"{number}".encode()
    store.close()


def test_eight_threads_lose_nothing_and_mix_nothing(store: Store) -> None:
    def work(thread: int) -> list[tuple[int, list[bytes]]]:
        batches = [[f"{thread}.{n}.{part}".encode() for part in range(3)] for n in range(10)]
        return [(store.append(entries(*batch)), batch) for batch in batches]

    with ThreadPoolExecutor(8) as pool:
        done = [item for result in pool.map(work, range(8)) for item in result]
    bodies = [found.body for found in store.entries()]
    assert len(bodies) == 240
    for first, batch in done:
        assert bodies[first : first + 3] == batch
    expected = roots(bodies)
    assert all(found in expected for found in store.checkpoints())
    assert store.checkpoints()[-1] == expected[-1]


def test_failed_commit_is_acknowledged_to_none_of_the_threads_that_shared_it(
    tmp_path: Path,
) -> None:
    calls = []

    def sign(size: int, root: bytes) -> str:
        calls.append(size)
        if len(calls) == 1:
            wait_for(store, 3)
        if len(calls) == 2:
            raise EvidenceError("the log key is gone")
        return note(size, root)

    store = open_store(tmp_path / "evidence.db", sign)

    def append(number: int) -> int:
        try:
            return store.append(entries(f"{number}".encode()))
        except EvidenceError:
            return -1

    with ThreadPoolExecutor(4) as pool:
        firsts = list(pool.map(append, range(4)))
    assert calls == [1, 4]
    assert [found.body for found in store.entries()] == [
        f"{number}".encode() for number, first in enumerate(firsts) if first >= 0
    ]
    assert store.append(entries(b"next")) == 1
    store.close()


def test_refused_entry_leaves_the_log_as_it_was(store: Store) -> None:
    store.append(entries(b"a"))
    broken = dataclasses.replace(entry(b"b"), subject=None)  # no column may be empty
    with pytest.raises(EvidenceError, match="refused"):
        store.append([*entries(b"a"), broken])
    assert store.append(entries(b"c")) == 1
    assert store.checkpoints() == roots([b"a", b"c"])


def test_two_stores_on_one_file_see_what_the_other_appended(tmp_path: Path) -> None:
    one = open_store(tmp_path / "evidence.db", note)
    two = open_store(tmp_path / "evidence.db", note)
    bodies = [f"{number}".encode() for number in range(12)]
    for number, body in enumerate(bodies):
        assert (one, two, two)[number % 3].append(entries(body)) == number
    assert one.checkpoints() == two.checkpoints() == roots(bodies)
    one.close()
    two.close()


def test_two_processes_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        children = [start_child("record_and_acknowledge", keep.root, 40) for _ in range(2)]
        for child in children:
            assert child.stdout
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin
            child.stdin.write("go\n")
            child.stdin.flush()
        done = [set(child.communicate(timeout=60)[0].split()) for child in children]
        assert [child.returncode for child in children] == [0, 0]
        logged = [found.statement_id for found in keep.store.entries()]
        assert len(logged) == len(set(logged)) == 80
        assert done[0] | done[1] == set(logged)
        assert audit_log(keep) == []


def test_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "evidence.db").write_bytes(b"this is not a database, just text" * 100)
    with pytest.raises(InputError, match=r"evidence\.db: not an evidence store"):
        open_store(tmp_path / "evidence.db", note)


def test_store_in_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"evidence\.db"):
        open_store(tmp_path / "nowhere" / "evidence.db", note)


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


def test_damaged_database_is_reported_as_evidence_that_does_not_hold(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        keep.record([statement(scan_high=number) for number in range(50)])
        root = keep.root
    path = root / "evidence.db"
    data = bytearray(path.read_bytes())
    for page in range(4096 * 4, len(data), 4096):  # spare the schema
        data[page : page + 100] = b"\xff" * 100
    path.write_bytes(data)
    for use in (audit_log, lambda keep: keep.record([statement()])):
        with pytest.raises((EvidenceError, InputError)), open_keep(root) as keep:
            use(keep)


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


def test_store_keeps_its_promise_in_its_settings(store: Store) -> None:
    with store.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2  # FULL


def test_an_entry_is_appended_only_to_the_log_it_was_decided_from(store: Store) -> None:
    first, second, third = entries(b"a", b"b", b"c")
    kinds = [first.predicate_type]
    assert store.append_next(first, [], kinds) == 0
    assert store.append_next(second, [], kinds) is None  # others were appended meanwhile
    assert store.append_next(second, [first.statement_id], kinds) == 1
    assert store.append([third]) == 2
    assert [found.body for found in store.entries()] == [b"a", b"b", b"c"]
    assert store.checkpoints() == roots([b"a", b"b", b"c"])
