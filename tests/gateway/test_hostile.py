"""Whatever is sent is answered with a clear status; nobody learns of anybody else's rows."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator

import pytest

import gateway_samples as gs
from gateway_samples import Cleared

REFUSED = {
    "not json": b"{",
    "no object": b"[]",
    "nothing": b"",
    "deep": b'{"inputs":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep data": json.dumps(gs.question()).encode().replace(b"[[", b"[" * 5_000),
    "repeated key": b'{"inputs": [], "inputs": []}',
    "repeated key inside": json.dumps(gs.question())
    .encode()
    .replace(b'"name"', b'"name": "other", "name"'),
    "nan": json.dumps(gs.question([[float("nan")] * 4])).encode(),
    "infinite": json.dumps(gs.question([[1e39] * 4])).encode(),
    "huge exponent": json.dumps(gs.question()).encode().replace(b"0.25", b"1e999"),
    "huge integer": json.dumps(gs.question()).encode().replace(b"0.25", b"9" * 5000),
    "text": json.dumps(gs.question()).encode().replace(b"0.25", b'"0.25"'),
    "truth": json.dumps(gs.question(datatype="BOOL")).encode(),
    "other type": json.dumps(gs.question(datatype="FP64")).encode(),
    "unknown type": json.dumps(gs.question(datatype="BYTES")).encode(),
    "negative shape": json.dumps(gs.question(shape=[-1, 4])).encode(),
    "huge shape": json.dumps(gs.question(shape=[10**18, 10**18])).encode(),
    "other shape": json.dumps(gs.question(shape=[4, 1])).encode(),
    "no rows": json.dumps(gs.question([])).encode(),
    "too many rows": json.dumps(gs.question([gs.ROW] * 5000)).encode(),
    "other name": json.dumps(gs.question(name="other")).encode(),
    "unknown output": json.dumps(gs.question() | {"outputs": [{"name": "weights"}]}).encode(),
    "bytes that are not there": json.dumps(
        gs.question(parameters={"binary_data_size": 16})
    ).encode(),
    "wrong encoding": b"\xff\xfe{}",
}


@pytest.mark.parametrize("what", REFUSED)
def test_malformed_request_is_refused_by_a_rule(cleared: Cleared, what: str) -> None:
    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep) as desk:
            reply = await desk.infer(REFUSED[what])
            assert reply.status in (400, 413), reply.body
            assert reply.json["rule"]
            assert (await desk.infer()).status == 200

    asyncio.run(work())


def test_ranges_limits_and_rules_of_the_operator(cleared: Cleared) -> None:
    rule = {"id": "poor", "feature": 0, "below": -5.0, "column": 1, "at_most": 0.0}
    model = {"low": [-9.0] * 4, "high": 9.0, "probabilities": True, "rules": [rule]}
    serving = gs.settings(models={"sample": model}, principal_rows=1.0, burst_seconds=5.0)

    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep, serving) as desk:
            assert (await desk.infer(gs.question([[10.0, 0, 0, 0]]))).json[
                "rule"
            ] == "schema.range"
            broken = await desk.infer(gs.question([[-6.0, 9.0, 9.0, 9.0]]))
            assert (broken.status, broken.json["rule"]) == (502, "output.rule.poor")
            assert (await desk.infer()).status == 200
            late = await desk.infer(gs.question([gs.ROW] * 4))
            assert (late.status, late.json["rule"]) == (429, "limits.rate")
            assert int(late.headers["retry-after"]) >= 1

    asyncio.run(work())


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ({"disclose": "label"}, [0.0, 1.0]),
        ({"decimals": 1}, [0.1, 0.9]),
        ({"disclose": "top-1", "decimals": 2}, [0.0, 0.9]),
    ],
)
def test_answers_say_no_more_than_the_policy(
    cleared: Cleared, rules: dict[str, object], expected: list[float]
) -> None:
    async def work() -> None:
        serving = gs.settings(models={"sample": rules})
        async with gs.opened(cleared.model, cleared.keep, serving) as desk:
            (output,) = (await desk.infer()).json["outputs"]
            assert [round(value, 6) for value in output["data"]] == expected

    asyncio.run(work())


def test_required_guard_that_is_not_there_refuses(cleared: Cleared) -> None:
    async def work() -> None:
        serving = gs.settings(models={"sample": {"require": ["extraction"]}})
        async with gs.opened(cleared.model, cleared.keep, serving) as desk:
            reply = await desk.infer()
            assert (reply.status, reply.json["rule"]) == (503, "guard.not-run")

    asyncio.run(work())


def mutations(count: int) -> Iterator[tuple[bytes, dict[str, str], str]]:
    """Requests cut, spliced and flipped, their headers and paths too."""
    choose = random.Random(11)
    whole = json.dumps(gs.question([gs.ROW] * 3) | {"id": "a", "outputs": []}).encode()
    values = ["", "-1", "0", "12", "99999999999999999999", "x", "1.5", "\x80"]
    for _ in range(count):
        body = gs.damaged(choose, whole)
        headers = {}
        if choose.random() < 0.2:
            name = choose.choice(["inference-header-content-length", "content-encoding"])
            headers[name] = choose.choice(values)
        path = "/v2/models/sample/infer"
        if choose.random() < 0.1:
            at = choose.randrange(len(path))
            path = path[:at] + choose.choice(["/", "..", "%", "\u00e9", ""]) + path[at + 1 :]
        yield body, headers, path


@pytest.mark.slow
def test_no_mutated_request_is_a_500_or_leaks_rows_of_another(cleared: Cleared) -> None:
    serving = gs.settings(
        audit="queued", principal_rows=1e9, tenant_rows=1e9, global_rows=1e9, burst_seconds=1.0
    )
    secret = 0.123456

    async def work() -> None:
        async with gs.opened(cleared.model, cleared.keep, serving) as desk:
            other = await desk.infer(gs.question([[secret, 0.0, 0.0, 0.0]]))
            named = other.headers["modelkeep-request"].encode()
            seen: dict[int, int] = {}
            for body, headers, path in mutations(20_000):
                reply = await gs.ask(
                    desk.gateway, "POST", path, body, key=desk.admin, headers=headers
                )
                seen[reply.status] = seen.get(reply.status, 0) + 1
                assert reply.status != 500
                assert str(secret).encode() not in reply.body
                assert named not in reply.body
            assert seen.keys() <= {200, 400, 401, 403, 404, 413, 415}, seen
            assert seen[200] > 100, seen
            assert seen[400] > 5000, seen

    asyncio.run(work())
