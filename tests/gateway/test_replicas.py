"""Three processes over one keep: what ends there ends on every one of them within a second."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway_processes import Client, greet, launch
from gateway_samples import Cleared
from modelkeep import pipeline
from modelkeep.evidence import Statement, parse_envelope, parse_statement, parse_timestamp
from modelkeep.evidence.predicates import by_key
from modelkeep.evidence.statement import timestamp
from modelkeep.pipeline.workspace import init_keep

pytestmark = [pytest.mark.net, pytest.mark.slow]
REPLICAS = 3
WITHIN = 1.0  # seconds


@contextlib.contextmanager
def replicas(cleared: Cleared) -> Iterator[list[Client]]:
    """Clients of three gateways that share a keep."""
    with contextlib.ExitStack() as started:
        processes = [started.enter_context(launch(cleared))]
        try:
            first = greet(processes[0])
            processes += [started.enter_context(launch(cleared)) for _ in range(REPLICAS - 1)]
            ports = [first.port, *(greet(other, first.key).port for other in processes[1:])]
            clients = [Client(port, first.key) for port in ports]
            assert [client.infer().status for client in clients] == [200] * REPLICAS
            try:
                yield clients
            finally:
                for client in clients:
                    client.close()
        finally:
            for process in processes:
                process.terminate()


def spread(clients: list[Client], path: str, status: int, begun: float) -> float:
    """Seconds from a change until the last replica answers with a status."""

    def wait(client: Client) -> float:
        while client.ask("GET", path).status != status:
            assert time.monotonic() - begun < 20, f"never {status} on {client.port}"
            time.sleep(0.02)
        return time.monotonic() - begun

    with ThreadPoolExecutor(REPLICAS) as pool:
        return max(pool.map(wait, clients))


def stops(clients: list[Client], change: Callable[[], object], what: str) -> None:
    """A change ends serving everywhere, in time."""
    change()
    begun = time.monotonic()
    took = spread(clients, "/v2/models/sample/ready", 503, begun)
    for client in clients:
        reply = client.infer()
        assert (reply.status, reply.rule) == (503, "gate.serve")
    print(f"{what}: {REPLICAS} replicas within {took:.2f} s")  # noqa: T201 - slow tests print
    assert took <= WITHIN


def test_withdrawn_keys_holds_and_revocation_end_on_every_replica(cleared: Cleared) -> None:
    with replicas(cleared) as clients:
        wanted = {"tenant": "t", "models": ["sample"], "actions": ["infer", "observe"]}
        made = clients[1].ask("POST", "/modelkeep/keys", wanted)
        assert made.status == 201
        issued = json.loads(made.body)
        others = [Client(client.port, issued["secret"]) for client in clients]
        spread(others, "/v2", 200, time.monotonic())
        assert {other.infer().status for other in others} == {200}
        gone = clients[0].ask("DELETE", f"/modelkeep/keys/{issued['id']}")
        begun = time.monotonic()
        assert gone.status == 200
        took = spread(others, "/v2", 401, begun)
        print(f"key withdrawn: {took:.2f} s")  # noqa: T201 - slow tests print
        assert took <= WITHIN
        assert {other.infer().status for other in others} == {401}
        for other in others:
            other.close()

        hold, reason = "/modelkeep/models/sample/hold", {"reason": "reported"}
        stops(clients, lambda: clients[2].ask("POST", hold, reason), "held")
        assert clients[0].ask("DELETE", hold, reason).status == 200
        assert spread(clients, "/v2/models/sample/ready", 200, time.monotonic()) <= WITHIN

        keep = str(cleared.keep)
        stops(clients, lambda: pipeline.remove_trust("keep", keep=keep), "signer removed")


def test_quarantine_ends_on_every_replica(cleared: Cleared) -> None:
    with replicas(cleared) as clients:
        keep = str(cleared.keep)
        stops(
            clients, lambda: pipeline.register(cleared.model, "fraud", keep=keep), "quarantine"
        )


def test_expiry_ends_on_every_replica(cleared: Cleared, tmp_path: Path) -> None:
    short, end = expiring(cleared, tmp_path / "short", 60.0)
    assert pipeline.gate(short.model, action="serve", keep=str(short.keep)).decision.allowed
    with replicas(short) as clients:
        left = (end - dt.datetime.now(dt.UTC)).total_seconds()
        assert left > 1.0, "the replicas took too long to start"
        time.sleep(left - 0.5)
        for client in clients:
            client.close()  # the server has ended what was idle for seconds
        assert [client.infer().status for client in clients] == [200] * REPLICAS

        def expire() -> None:
            time.sleep(max(0.0, (end - dt.datetime.now(dt.UTC)).total_seconds()))

        stops(clients, expire, "expired")


def expiring(cleared: Cleared, root: Path, seconds: float) -> tuple[Cleared, dt.datetime]:
    """A keep with the same evidence, moved in time so that its scan ends soon."""
    with pipeline.open_workspace({"keep": str(cleared.keep)}) as workspace:
        bodies = [entry.body for entry in workspace.keep.store.entries()]
    statements = [parse_statement(parse_envelope(body).payload) for body in bodies]
    evidence = [found for found in statements if found.predicate_type != by_key("decision").uri]
    scan = next(found for found in evidence if found.predicate_type == by_key("scan").uri)
    end = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(seconds=seconds)
    by = end - parse_timestamp(scan.predicate["expires"])
    with init_keep(root, "prod") as keep:
        for found in evidence:
            moved = {
                name: timestamp(parse_timestamp(found.predicate[name]) + by)
                for name in ("issued", "expires")
            }
            keep.record(
                [Statement(found.subjects, found.predicate_type, found.predicate | moved)]
            )
    return Cleared(cleared.model, root), end
