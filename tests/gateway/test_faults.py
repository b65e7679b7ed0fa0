"""Real processes under faults: killed, on a full disk, sent damaged requests."""

from __future__ import annotations

import asyncio
import resource
import time
from pathlib import Path

import pytest

import gateway_faults as faults
from gateway_processes import Client, serving
from gateway_samples import Cleared

pytestmark = [pytest.mark.net, pytest.mark.slow]
UNBOUNDED = {
    "principal_rows": 1e9, "tenant_rows": 1e9, "global_rows": 1e9, "body_seconds": 1.0,
}  # fmt: skip


def test_killed_ten_times_under_load_no_acknowledged_record_is_lost(cleared: Cleared) -> None:
    seen = faults.kill_under_load(cleared, 10)
    print(  # noqa: T201 - slow tests print their figures
        f"killed {seen.rounds} times: {len(seen.acknowledged)} answers acknowledged,"
        f" ready again after {max(seen.recovery):.1f} s at most"
    )
    assert set(seen.statuses) == {200}, seen.statuses
    assert len(seen.acknowledged) > 100
    assert faults.lost(cleared, seen) == set()
    said = faults.verify_log(cleared)
    assert said.code == 0, said


@pytest.mark.parametrize("audit", ["answered", "queued"])
def test_disk_that_is_full_refuses_by_name_and_recovers_without_a_hand(
    cleared: Cleared, tmp_path: Path, audit: str
) -> None:
    faults.write_settings(tmp_path, audit=audit)
    with serving(cleared) as running:
        client = Client(running.port, running.key)
        pid = running.process.pid
        assert client.infer().status == 200
        soft, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, hard))  # every write fails now
        try:
            until = time.monotonic() + 5
            while (reply := client.infer()).status == 200 and audit == "queued":
                assert time.monotonic() < until
            for _ in range(20):
                reply = client.infer()
                assert reply.status == 503
                assert reply.rule in ("audit.failed", "gate.serve")
                assert b"outputs" not in reply.body
            stranger = Client(running.port, "mk_" + "x" * 43)
            assert stranger.infer().status == 401
            stranger.close()
        finally:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
        until = time.monotonic() + 10
        while client.infer().status != 200:
            assert time.monotonic() < until
            time.sleep(0.05)
        client.close()
    said = faults.verify_log(cleared)
    assert said.code == 0, said


def test_thousands_of_damaged_requests_end_in_no_fault_and_no_memory(
    cleared: Cleared, tmp_path: Path
) -> None:
    faults.write_settings(tmp_path, audit="queued", **UNBOUNDED)
    with serving(cleared) as running:
        found = asyncio.run(faults.fuzz(running, 4000))
        last = Client(running.port, running.key)
        assert last.infer().status == 200
        last.close()
    memory = [size >> 20 for size in found.memory]
    print(f"{found.statuses=} {found.faults=} {memory=} MB")  # noqa: T201 - as above
    assert not found.faults
    assert found.leaks == 0
    assert found.statuses[200] > 100
    assert found.statuses[400] > 1000
    assert found.memory[-1] - found.memory[1] < 16 << 20, "memory grows"
