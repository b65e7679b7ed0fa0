"""The gateway as a client sees it: protocol, identity, standing, records."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine

import numpy as np
import pytest

import gateway_samples as gs
from gateway_samples import Cleared
from modelkeep import pipeline
from modelkeep.core import UsageError
from modelkeep.evidence import audit_log, parse_envelope, parse_statement


def run(work: Coroutine[None, None, None]) -> None:
    asyncio.run(work)


def test_json_and_binary_requests_have_the_same_answer(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            plain = await desk.infer()
            assert plain.status == 200, plain.body
            (output,) = plain.json["outputs"]
            assert (output["name"], output["shape"]) == ("probabilities", [1, 2])
            body, headers = gs.binary(np.array([gs.ROW]), output=True)
            raw = await desk.infer(body, headers=headers)
            assert raw.headers["content-type"] == "application/octet-stream"
            length = int(raw.headers["inference-header-content-length"])
            values = np.frombuffer(raw.body[length:], "<f4")
            assert np.allclose(values, output["data"])
            assert abs(values.sum() - 1) < 1e-5
            expected = 1 / (1 + np.exp(-2 * sum(gs.ROW)))
            assert abs(float(values[1]) - expected) < 1e-5

    run(work())


def test_health_needs_no_key_and_everything_else_does(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            assert (await desk.get("/v2/health/live", key="")).status == 200
            assert (await desk.get("/v2/health/ready", key="")).status == 200
            for path in ("/v2", "/metrics", "/v2/models/sample", "/modelkeep/alarms"):
                assert (await desk.get(path, key="")).status == 401
                assert (await desk.get(path, key="mk_" + "x" * 43)).status == 401
                assert (await desk.get(path)).status == 200
            metadata = (await desk.get("/v2/models/sample")).json
            spec = {"name": "rows", "datatype": "FP32", "shape": [-1, 4]}
            assert metadata["inputs"] == [spec]
            version = metadata["versions"][0]
            path = f"/v2/models/sample/versions/{version}/ready"
            assert (await desk.get(path)).json == {"ready": True}
            assert (await desk.get("/v2/models/sample/versions/other/ready")).status == 404

    run(work())


def test_key_is_scoped_and_ends_when_withdrawn(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            made = await gs.ask(
                desk.gateway, "POST", "/modelkeep/keys",
                {"tenant": "t", "models": ["other"]}, key=desk.admin,
            )  # fmt: skip
            assert made.status == 201
            other = made.json["secret"]
            assert (await desk.infer(key=other)).status == 403
            assert (await desk.get("/metrics", key=other)).status == 403
            assert (await desk.get("/v2/models/nosuch", key=other)).status == 403
            made = await gs.ask(
                desk.gateway, "POST", "/modelkeep/keys",
                {"tenant": "t", "models": ["sample"]}, key=desk.admin,
            )  # fmt: skip
            own = made.json
            assert (await desk.infer(key=own["secret"])).status == 200
            path = f"/modelkeep/keys/{own['id']}"
            assert (await gs.ask(desk.gateway, "DELETE", path, key=own["secret"])).status == 403
            assert (await gs.ask(desk.gateway, "DELETE", path, key=desk.admin)).status == 200
            assert (await desk.infer(key=own["secret"])).status == 401

    run(work())


def test_every_answer_is_in_the_log_when_it_leaves(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            replies = await asyncio.gather(*(desk.infer() for _ in range(20)))
            assert {reply.status for reply in replies} == {200}
            keep = desk.workspace.keep
            for reply in replies:
                entry = keep.store.entry(reply.headers["modelkeep-record"])
                said = parse_statement(parse_envelope(entry.body).payload).predicate
                found = {leaf["id"]: leaf for leaf in said["requests"]}
                leaf = found[reply.headers["modelkeep-request"]]
                assert (leaf["status"], leaf["rows"], leaf["model"]) == (200, 1, "sample")
                assert leaf["decision"] == reply.headers["modelkeep-decision"]
                assert leaf["guards"] == ["repeats allow"]
                assert str(gs.ROW[0]) not in str(leaf)
            assert audit_log(keep) == []
            refused = await desk.infer(b"{}")
            await desk.gateway.inference.auditor.close()
            newest = keep.store.entries()[-1]
            said = parse_statement(parse_envelope(newest.body).payload).predicate
            (leaf,) = said["requests"]
            assert (leaf["status"], leaf["rule"]) == (refused.status, "protocol.json")

    run(work())


async def _stops_within(desk: gs.Desk, seconds: float) -> gs.Reply:
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        reply = await desk.infer()
        if reply.status != 200:
            return reply
        await asyncio.sleep(0.02)
    raise AssertionError("it goes on serving")


def test_a_hold_stops_a_model_at_once_and_letting_go_starts_it(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            path = "/modelkeep/models/sample/hold"
            reason = {"reason": "somebody reported it"}
            reply = await gs.ask(desk.gateway, "POST", path, reason, key=desk.admin)
            assert reply.status == 200
            reply = await desk.infer()
            assert (reply.status, reply.json["rule"]) == (503, "gate.serve")
            assert (await desk.get("/v2/health/ready")).status == 503
            (alarm,) = (await desk.get("/modelkeep/alarms")).json["alarms"]
            assert alarm["rule"]["id"] == "GWY001"
            assert "held" in alarm["message"]
            reply = await gs.ask(desk.gateway, "DELETE", path, reason, key=desk.admin)
            assert reply.status == 200
            assert (await desk.infer()).status == 200

    run(work())


def test_revoked_signer_stops_the_model_within_a_second(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            assert (await desk.infer()).status == 200
            await asyncio.to_thread(pipeline.remove_trust, "keep", keep=str(cleared.keep))
            reply = await _stops_within(desk, 1.5)
            assert reply.json["rule"] == "gate.serve"

    run(work())


def test_model_without_evidence_is_not_served(cleared: Cleared) -> None:
    async def work() -> None:
        unknown = b"\xfa\x07\x00"  # field 127: another file, the same graph
        cleared.model.write_bytes(cleared.model.read_bytes() + unknown)
        async with gs.opened(cleared.model, cleared.keep) as desk:
            assert (await desk.infer()).json["rule"] == "gate.serve"

    run(work())


def test_keep_that_cannot_be_read_stops_serving(
    cleared: Cleared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelkeep.gateway.standing.LEASE", 0.4)

    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            assert (await desk.infer()).status == 200
            (cleared.keep / "trust.json").rename(cleared.keep / "gone.json")
            assert (await _stops_within(desk, 2.0)).status == 503

    run(work())


def test_report_profile_serves_nothing(cleared: Cleared) -> None:
    async def work() -> None:
        with pipeline.open_workspace({"keep": str(cleared.keep), "profile": "report"}) as w:
            async with gs.open_gateway({"m": str(cleared.model)}, gs.settings(), w, print):
                raise AssertionError("it opened")

    with pytest.raises(UsageError, match="report profile"):
        run(work())


def test_metrics_count_by_model_and_rule_and_never_what_a_client_sent(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            await desk.infer()
            await desk.infer(b'{"inputs": 1, "secretword": 2}')
            text = (await desk.get("/metrics")).body.decode()
            assert 'modelkeep_requests_total{model="sample",status="200"} 1' in text
            assert 'rule="protocol.json"} 1' in text
            assert 'modelkeep_model_live{model="sample"} 1' in text
            assert "secretword" not in text

    run(work())
