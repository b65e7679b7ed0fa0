"""Records are on disk when they are said to be; a full disk loses none of them in silence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy as sa

import gateway_samples as gs
from gateway_samples import Cleared
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import Keep, audit_log, parse_envelope, parse_statement
from modelkeep.gateway.audit import Auditor, Leaf, hash_inputs, load_inputs_key
from modelkeep.gateway.refusal import RefusalError

LONG = "n" * 200_000  # more than a database's free pages hold


@contextlib.contextmanager
def full_disk(keep: Keep) -> Iterator[None]:
    """SQLite may not grow: what it says then is what it says on a full disk."""

    def limit(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")

    sa.event.listen(keep.store.engine, "begin", limit, insert=True)
    try:
        yield
    finally:
        sa.event.remove(keep.store.engine, "begin", limit)
        keep.store.engine.dispose()


def recorded(keep: Keep) -> dict[str, dict[str, Any]]:
    """Every record of the log, read as anybody would."""
    found = {}
    for entry in keep.store.entries():
        statement = parse_statement(parse_envelope(entry.body).payload)
        for leaf in statement.predicate.get("requests", []):
            assert leaf["id"] not in found, "recorded twice"
            found[leaf["id"]] = leaf
    return found


@pytest.fixture
def keep(cleared: Cleared) -> Iterator[Keep]:
    with pipeline.open_workspace({"keep": str(cleared.keep)}) as workspace:
        yield workspace.keep


def test_future_names_the_statement_that_holds_the_record(keep: Keep) -> None:
    async def work() -> None:
        auditor = Auditor(keep)
        size = keep.store.size()
        futures = {f"r{n}": auditor.add(Leaf(f"r{n}", "now", rows=n)) for n in range(1300)}
        for name, future in futures.items():
            identity = await future
            assert identity
            assert name in recorded(keep) if name in ("r0", "r700", "r1299") else True
        assert {name: leaf["rows"] for name, leaf in recorded(keep).items()} == {
            f"r{n}": n for n in range(1300)
        }
        assert keep.store.size() - size <= 4, "batched"
        await auditor.close()
        assert audit_log(keep) == []

    asyncio.run(work())


def test_full_disk_is_told_to_who_waits_and_the_next_record_is_kept(keep: Keep) -> None:
    async def work() -> None:
        auditor = Auditor(keep)
        with full_disk(keep), pytest.raises(EvidenceError, match="full"):
            await auditor.add(Leaf("lost", "now", principal=LONG))
        auditor.require_working()
        assert auditor.failures == 1
        await auditor.add(Leaf("kept", "now"))
        assert set(recorded(keep)) == {"kept"}
        await auditor.close()

    asyncio.run(work())


def test_full_disk_stops_answers_nobody_waits_for_and_their_records_come_later(
    keep: Keep,
) -> None:
    async def work() -> None:
        auditor = Auditor(keep, linger=0.01)
        with full_disk(keep):
            auditor.add(Leaf("first", "now", principal=LONG))
            await until(lambda: auditor.failing)
            with pytest.raises(RefusalError) as caught:
                auditor.require_working()
            assert (caught.value.status, caught.value.rule) == (503, "audit.failed")
            auditor.add(Leaf("second", "now"))
        await until(lambda: not auditor.failing)
        auditor.require_working()
        await auditor.close()
        assert list(recorded(keep)) == ["first", "second"]
        assert auditor.failures == 0

    asyncio.run(work())


def test_closing_on_a_full_disk_ends_and_counts_what_is_lost(keep: Keep) -> None:
    async def work() -> None:
        auditor = Auditor(keep, linger=5.0)
        with full_disk(keep):
            auditor.add(Leaf("a", "now", principal=LONG))
            async with asyncio.timeout(3):
                await auditor.close()
        assert auditor.failures == 1

    asyncio.run(work())


def test_fault_of_our_own_leaves_nobody_waiting(
    keep: Keep, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work() -> None:
        auditor = Auditor(keep)
        monkeypatch.setattr(Auditor, "_commit", lambda *_: 1 / 0)
        future = auditor.add(Leaf("a", "now"))
        async with asyncio.timeout(3):
            with pytest.raises(InputError, match="was not written"):
                await future
        with pytest.raises(ZeroDivisionError):
            await auditor.close()

    asyncio.run(work())


def test_more_than_may_wait_are_refused(keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelkeep.gateway.audit._WAITING", 3)

    async def work() -> None:
        auditor = Auditor(keep, linger=5.0)
        for name in "abc":
            auditor.add(Leaf(name, "now"))
        with pytest.raises(RefusalError) as caught:
            auditor.add(Leaf("d", "now"))
        assert caught.value.rule == "audit.behind"
        await auditor.close()
        assert set(recorded(keep)) == {"a", "b", "c"}

    asyncio.run(work())


@pytest.mark.parametrize("audit", ["answered", "queued"])
def test_gateway_answers_nothing_it_cannot_record(cleared: Cleared, audit: str) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep, gs.settings(audit=audit)) as desk:
            auditor = desk.gateway.inference.auditor
            auditor.linger = 0.01 if auditor.linger else 0.0
            assert (await desk.infer()).status == 200
            with full_disk(desk.workspace.keep):
                for _ in range(200):
                    reply = await desk.infer()
                    if reply.status == 503:
                        break
                    await asyncio.sleep(0.01)
                assert (reply.status, reply.json["rule"]) == (503, "audit.failed")
                assert b"outputs" not in reply.body
            await until(lambda: not auditor.failing)
            last = await desk.infer()
            assert last.status == 200
            if audit == "answered":
                assert last.headers["modelkeep-request"] in recorded(desk.workspace.keep)

    asyncio.run(work())


async def until(holds: Callable[[], bool]) -> None:
    """Wait, not longer than 5 s."""
    for _ in range(500):
        if holds():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it never holds")


def test_inputs_key_is_made_once_private_and_its_size_is_checked(tmp_path: Path) -> None:
    key = load_inputs_key(tmp_path)
    assert load_inputs_key(tmp_path) == key
    assert (tmp_path / "inputs.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "inputs.key").write_bytes(b"short")
    with pytest.raises(InputError, match=r"inputs\.key: is no key of 32 bytes"):
        load_inputs_key(tmp_path)
    with pytest.raises(InputError, match="No such file"):
        load_inputs_key(tmp_path / "nowhere")


def test_hash_of_inputs_depends_on_key_names_types_shapes_and_values() -> None:
    rows = np.arange(4, dtype=np.float32)
    told = {
        hash_inputs(key, inputs)
        for key, inputs in [
            (b"a" * 32, {"x": rows}),
            (b"b" * 32, {"x": rows}),
            (b"a" * 32, {"y": rows}),
            (b"a" * 32, {"x": rows.reshape(2, 2)}),
            (b"a" * 32, {"x": rows.view(np.int32)}),
            (b"a" * 32, {"x": rows + 1}),
            (b"a" * 32, {"x": rows[:2], "y": rows[2:]}),
        ]
    }
    assert len(told) == 7
    assert hash_inputs(b"a" * 32, {"x": rows, "y": rows}) == hash_inputs(
        b"a" * 32, {"y": rows, "x": rows.copy()}
    )
