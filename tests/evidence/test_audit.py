"""The audit names what was done to a log, entry by entry; the anchor catches the rest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from evidence_samples import entry, fill, model, new_keep, noon, sealed_entry, statement, tamper
from modelkeep.core import EvidenceError, InputError, ModelkeepError
from modelkeep.evidence import (
    Keep,
    SigningKey,
    TrustMap,
    anchor_problems,
    audit_log,
    by_key,
    encode,
    open_keep,
    read_anchor,
    seal,
    write_anchor,
)
from modelkeep.evidence.checkpoint import Checkpoint, sign_checkpoint

COUNT = 5
STRANGER = SigningKey.generate()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    with new_keep(tmp_path) as made:
        fill(made, COUNT)
        yield made


def newest(keep: Keep) -> str:
    return keep.store.checkpoints()[-1]


def body(keep: Keep, seq: int) -> bytes:
    return keep.store.entries()[seq].body


def log_key(keep: Keep) -> ed25519.Ed25519PrivateKey:
    key = SigningKey.load(keep.root / "keys" / "log.pem").private
    assert isinstance(key, ed25519.Ed25519PrivateKey)
    return key


def rewritten(keep: Keep, folder: Path, count: int) -> Keep:
    """Another history by the owner of the same keys: same origin, other entries."""
    shutil.copytree(keep.root, folder, ignore=shutil.ignore_patterns("evidence.db*"))
    other = open_keep(folder, clock=noon)
    fill(other, count, model("other.onnx"))
    return other


def cut(keep: Keep, size: int) -> None:
    """Remove the end of the log without a trace in the store."""
    frontier_nodes = "DELETE FROM node WHERE (position + 1) * (1 << level) > ?"
    tamper(
        keep.root,
        ("DELETE FROM entry WHERE seq >= ?", (size,)),
        (frontier_nodes, (size,)),
        ("DELETE FROM checkpoint WHERE size > ?", (size,)),
    )


def test_untouched_log_holds(keep: Keep) -> None:
    assert audit_log(keep) == []
    for note in keep.store.checkpoints():
        assert audit_log(keep, note) == []
        assert anchor_problems(keep, note) == []


def test_empty_log_holds(tmp_path: Path) -> None:
    with new_keep(tmp_path) as empty:
        assert audit_log(empty) == []


def test_any_changed_byte_of_an_entry_is_named(keep: Keep) -> None:
    good = body(keep, 2)
    for at in range(0, len(good), 5):
        bad = good[:at] + bytes([good[at] ^ 1 << at % 8]) + good[at + 1 :]
        tamper(keep.root, ("UPDATE entry SET body = ? WHERE seq = 2", (bad,)))
        assert "entry 2 was changed after it was logged" in audit_log(keep), at
    tamper(keep.root, ("UPDATE entry SET body = ? WHERE seq = 2", (good,)))
    assert audit_log(keep) == []


def test_entry_whose_body_is_no_longer_bytes_is_named(keep: Keep) -> None:
    tamper(keep.root, ("UPDATE entry SET body = 'text' WHERE seq = 2", ()))
    assert any("entry 2" in problem for problem in audit_log(keep))


def test_entries_that_changed_places_are_named(keep: Keep) -> None:
    tamper(
        keep.root,
        ("UPDATE entry SET seq = 99 WHERE seq = 1", ()),
        ("UPDATE entry SET seq = 1 WHERE seq = 3", ()),
        ("UPDATE entry SET seq = 3 WHERE seq = 99", ()),
    )
    problems = audit_log(keep)
    assert "entry 1 holds what was logged as entry 3 (re-ordered)" in problems
    assert "entry 3 holds what was logged as entry 1 (re-ordered)" in problems
    assert f"the log does not lead to its signed checkpoint of {COUNT}" in problems


def test_missing_last_entry_is_named(keep: Keep) -> None:
    tamper(keep.root, ("DELETE FROM entry WHERE seq = 4", ()))
    problems = audit_log(keep)
    assert "the tree holds 5 leaves, the log 4 entries (truncated)" in problems
    assert "the log is shorter than its checkpoint of 5" in problems


@pytest.mark.parametrize("seq", [0, 2])
def test_missing_entry_is_named(keep: Keep, seq: int) -> None:
    tamper(keep.root, ("DELETE FROM entry WHERE seq = ?", (seq,)))
    assert f"entry {seq} is missing (the next one found is {seq + 1})" in audit_log(keep)


def test_entry_that_was_slipped_in_is_named(keep: Keep) -> None:
    columns = "statement_id, subject, predicate_type, issued, expires, body"
    copy = f"INSERT INTO entry (seq, {columns}) SELECT 5, {columns} FROM entry WHERE seq = 0"
    tamper(keep.root, (copy, ()))
    problems = audit_log(keep)
    assert "entry 5 is not in the tree" in problems
    assert "entries from 5 on are covered by no checkpoint" in problems


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("subject", model("other.onnx").digest.sha256),  # hides the entry from its subject
        ("predicate_type", by_key("bom").uri),
        ("statement_id", "00" * 32),
        ("issued", "2020-01-01T00:00:00Z"),
        ("expires", "2099-01-01T00:00:00Z"),
    ],
    ids=["subject", "predicate_type", "statement_id", "issued", "expires"],
)
def test_column_that_is_not_what_the_envelope_says_is_named(
    keep: Keep, column: str, value: str
) -> None:
    tamper(keep.root, (f"UPDATE entry SET {column} = ? WHERE seq = 2", (value,)))
    assert any("entry 2" in problem for problem in audit_log(keep))


def test_entry_by_a_signer_nobody_trusts_is_named(keep: Keep) -> None:
    keep.store.append([sealed_entry(statement(), STRANGER)])
    (problem,) = audit_log(keep)
    assert problem.startswith(f"entry 5: signed by {STRANGER.public.keyid[:12]}")


def test_entry_with_a_forged_signature_is_named(keep: Keep) -> None:
    envelope = json.loads(seal(statement().to_bytes(), STRANGER))
    envelope["signatures"][0]["keyid"] = keep.key.public.keyid
    keep.store.append([entry(encode(envelope))])
    (problem,) = audit_log(keep)
    assert problem == f"entry 5: signature of {keep.key.public.keyid[:12]} does not verify"


@pytest.mark.parametrize("level", [0, 1, 2])
def test_changed_node_of_the_tree_is_named(keep: Keep, level: int) -> None:
    change = "UPDATE node SET hash = ? WHERE level = ? AND position = 0"
    tamper(keep.root, (change, (b"\0" * 32, level)))
    assert audit_log(keep) != []


def test_missing_leaf_of_the_tree_is_named(keep: Keep) -> None:
    tamper(keep.root, ("DELETE FROM node WHERE level = 0 AND position = 4", ()))
    assert "entry 4 is not in the tree" in audit_log(keep)


def test_whole_log_rewritten_with_its_own_keys_is_caught_by_the_anchor(
    keep: Keep, tmp_path: Path
) -> None:
    anchor = keep.store.checkpoints()[2]
    with rewritten(keep, tmp_path / "rewritten", COUNT) as other:
        assert audit_log(other) == []  # nothing inside tells
        expected = ["the log's first 3 entries are not those the anchor saw"]
        assert audit_log(other, anchor) == expected
        assert anchor_problems(other, anchor) == expected


def test_end_cut_off_without_a_trace_is_caught_by_the_anchor(keep: Keep) -> None:
    anchor = newest(keep)
    cut(keep, 3)
    assert audit_log(keep) == []  # nothing inside tells
    expected = ["the log has 3 entries, the anchor saw 5: entries were removed"]
    assert audit_log(keep, anchor) == expected
    assert anchor_problems(keep, anchor) == expected


def test_anchor_of_another_log_is_named(keep: Keep, tmp_path: Path) -> None:
    with new_keep(tmp_path / "other") as other:
        fill(other, 1)
        (problem,) = audit_log(keep, newest(other))
        assert other.origin in problem
        assert keep.origin in problem


def test_anchor_signed_by_another_key_is_named(keep: Keep) -> None:
    checkpoint = Checkpoint(keep.origin, 1, b"\0" * 32)
    forged = sign_checkpoint(checkpoint, ed25519.Ed25519PrivateKey.generate())
    (problem,) = audit_log(keep, forged)
    assert "anchor: checkpoint" in problem
    assert "not signed by the trusted log key" in problem


@pytest.mark.parametrize("anchor", ["", "garbage", "a\n1\nb\n\n"])
def test_garbage_is_no_anchor(keep: Keep, anchor: str) -> None:
    (problem,) = audit_log(keep, anchor)
    assert problem.startswith("anchor: not a log checkpoint")


def test_checkpoint_that_was_changed_is_named(keep: Keep) -> None:
    note = newest(keep)
    tamper(
        keep.root,
        ("UPDATE checkpoint SET note = ? WHERE size = 5", (note.replace("\n5\n", "\n4\n", 1),)),
    )
    problems = audit_log(keep)
    assert any("is not signed by the trusted log key" in problem for problem in problems)
    assert "entries from 4 on are covered by no checkpoint" in problems


def test_checkpoint_of_another_history_is_named(keep: Keep) -> None:
    note = sign_checkpoint(Checkpoint(keep.origin, 3, b"\1" * 32), log_key(keep))
    tamper(keep.root, ("UPDATE checkpoint SET note = ? WHERE size = 3", (note,)))
    assert audit_log(keep) == ["the log does not lead to its signed checkpoint of 3"]


def test_checkpoint_beyond_the_log_is_named(keep: Keep) -> None:
    note = sign_checkpoint(Checkpoint(keep.origin, 9, b"\1" * 32), log_key(keep))
    tamper(keep.root, ("INSERT INTO checkpoint VALUES (9, ?)", (note,)))
    assert audit_log(keep) == ["the log is shorter than its checkpoint of 9"]


def test_missing_checkpoints_are_named(keep: Keep) -> None:
    tamper(keep.root, ("DELETE FROM checkpoint WHERE size > 3", ()))
    assert audit_log(keep) == ["entries from 3 on are covered by no checkpoint"]
    tamper(keep.root, ("DELETE FROM checkpoint", ()))
    assert audit_log(keep) == ["entries from 0 on are covered by no checkpoint"]


def test_log_that_the_trust_map_does_not_know_is_named(keep: Keep) -> None:
    keep.trust = TrustMap(signers=keep.trust.signers)
    problems = audit_log(keep, newest(keep))
    assert any(keep.origin in problem for problem in problems)


def test_anchor_follows_the_log(keep: Keep, tmp_path: Path) -> None:
    path = tmp_path / "anchor.txt"
    assert read_anchor(path) is None
    assert write_anchor(keep, path).size == COUNT
    fill(keep, 2)
    assert write_anchor(keep, path).size == COUNT + 2
    assert read_anchor(path) == newest(keep)
    assert write_anchor(keep, path).size == COUNT + 2
    assert sorted(found.name for found in tmp_path.iterdir()) == [".modelkeep", "anchor.txt"]


def test_anchor_is_not_moved_to_a_log_that_does_not_continue_it(
    keep: Keep, tmp_path: Path
) -> None:
    path = tmp_path / "anchor.txt"
    write_anchor(keep, path)
    before = read_anchor(path)
    with (
        rewritten(keep, tmp_path / "rewritten", COUNT + 1) as other,
        pytest.raises(EvidenceError, match="first 5 entries are not those the anchor saw"),
    ):
        write_anchor(other, path)
    cut(keep, 4)
    with pytest.raises(EvidenceError, match="entries were removed"):
        write_anchor(keep, path)
    assert read_anchor(path) == before


@pytest.mark.parametrize(
    "change",
    [
        ("DELETE FROM checkpoint WHERE size > 3", ()),
        ("UPDATE checkpoint SET note = 'garbage' WHERE size = 5", ()),
        ("UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 2)", ()),
    ],
    ids=["newest removed", "newest is garbage", "newest is an older one"],
)
def test_anchor_never_goes_back_whatever_the_store_holds(
    keep: Keep, tmp_path: Path, change: tuple[str, tuple[object, ...]]
) -> None:
    path = tmp_path / "anchor.txt"
    write_anchor(keep, path)
    before = read_anchor(path)
    tamper(keep.root, change)
    with pytest.raises(ModelkeepError):
        write_anchor(keep, path)
    assert read_anchor(path) == before


def test_forged_checkpoint_does_not_become_the_anchor(keep: Keep, tmp_path: Path) -> None:
    path = tmp_path / "anchor.txt"
    note = sign_checkpoint(
        Checkpoint(keep.origin, COUNT, b"\1" * 32), ed25519.Ed25519PrivateKey.generate()
    )
    tamper(keep.root, ("UPDATE checkpoint SET note = ? WHERE size = 5", (note,)))
    with pytest.raises(EvidenceError):
        write_anchor(keep, path)
    assert read_anchor(path) is None


def test_anchor_is_written_by_many_at_once(keep: Keep, tmp_path: Path) -> None:
    path = tmp_path / "anchor.txt"
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda _: write_anchor(keep, path).size, range(80)))
    assert sizes == [COUNT] * 80
    assert read_anchor(path) == newest(keep)


def test_empty_log_is_not_anchored(tmp_path: Path) -> None:
    with new_keep(tmp_path) as empty, pytest.raises(InputError, match="the log is empty"):
        write_anchor(empty, tmp_path / "anchor.txt")


def test_anchor_that_cannot_be_read_or_written_is_named(keep: Keep, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for name in ("binary", "."):
        with pytest.raises(InputError, match="cannot be read as an anchor"):
            read_anchor(tmp_path / name)
    with pytest.raises(InputError, match=r"anchor\.txt"):
        write_anchor(keep, tmp_path / "nowhere" / "anchor.txt")
