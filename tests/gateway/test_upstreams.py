"""Model servers behind the gateway: asked in JSON, and none of their faults is the client's."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from aiohttp import web

import gateway_samples as gs
from gateway_samples import Cleared
from modelkeep.core import UsageError

pytestmark = pytest.mark.net
META = {
    "name": "sample",
    "platform": "test",
    "inputs": [{"name": "rows", "datatype": "FP32", "shape": [-1, 4]}],
    "outputs": [{"name": "p", "datatype": "FP64", "shape": [-1, 2]}],
}


async def _infer(request: web.Request) -> web.StreamResponse:
    if request.content_type != "application/json":
        return web.Response(status=422)
    (tensor,) = json.loads(await request.read())["inputs"]
    first = tensor["data"][0]
    if first == 1:  # dies in the middle of its answer
        request.transport.close()  # type: ignore[union-attr]
    elif first == 2:
        return web.Response(body=b"<html>password=hunter2</html>")
    elif first == 3:
        return web.Response(status=500, body=b"password=hunter2")
    elif first == 4:
        await asyncio.sleep(5)
    elif first == 5:
        return web.Response(body=b" " * 2_000_000)
    rows = tensor["shape"][0]
    output = {"name": "p", "datatype": "FP64", "shape": [rows, 2], "data": [0.25, 0.75] * rows}
    return web.json_response({"model_name": "sample", "outputs": [output]})


async def _invocations(request: web.Request) -> web.Response:
    rows = json.loads(await request.read())["inputs"]
    return web.json_response({"predictions": [[sum(row), 0.0] for row in rows]})


@asynccontextmanager
async def upstream() -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/v2/models/sample", _answer)
    app.router.add_post("/v2/models/sample/infer", _infer)
    app.router.add_post("/invocations", _invocations)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _answer(_: web.Request) -> web.Response:
    return web.json_response(META)


def rules(cleared: Cleared, **more: object) -> dict[str, object]:
    return {"sample": {"artifact": str(cleared.model)} | more}


def test_binary_request_is_written_as_json_for_the_server(cleared: Cleared) -> None:
    async def work() -> None:
        serving = gs.settings(models=rules(cleared))
        async with upstream() as url, gs.opened(url, cleared.keep, serving) as desk:
            body, headers = gs.binary(np.array([[0.5] * 4] * 3), output=True)
            reply = await desk.infer(body, headers=headers)
            assert reply.status == 200, reply.body
            length = int(reply.headers["inference-header-content-length"])
            assert np.frombuffer(reply.body[length:], "<f8").tolist() == [0.25, 0.75] * 3

    asyncio.run(work())


def test_faults_of_the_server_are_named_and_none_of_its_words_given_on(
    cleared: Cleared,
) -> None:
    async def work() -> None:
        serving = gs.settings(models=rules(cleared), deadline_seconds=0.5, values=10_000)
        async with upstream() as url, gs.opened(url, cleared.keep, serving) as desk:
            found = {}
            for case in (1, 2, 3, 4, 5):
                reply = await desk.infer(gs.question([[float(case), 0, 0, 0]]))
                assert b"hunter2" not in reply.body
                found[case] = (reply.status, reply.json["rule"])
            assert found == {
                1: (502, "upstream.gone"),
                2: (502, "upstream.answer"),
                3: (502, "upstream.refused"),
                4: (504, "upstream.slow"),
                5: (502, "upstream.size"),
            }
            assert (await desk.infer()).status == 200, "and it recovers"

    asyncio.run(work())


def test_mlflow_is_asked_by_its_own_protocol(cleared: Cleared) -> None:
    async def work() -> None:
        serving = gs.settings(models=rules(cleared, protocol="mlflow"))
        async with upstream() as url, gs.opened(url, cleared.keep, serving) as desk:
            (output,) = (await desk.infer(gs.question([[1.0, 2.0, 3.0, 4.0]]))).json["outputs"]
            assert (output["name"], output["data"]) == ("predictions", [10.0, 0.0])

    asyncio.run(work())


def test_server_without_a_named_artifact_is_not_served(cleared: Cleared) -> None:
    async def work() -> None:
        async with gs.opened("http://127.0.0.1:9", cleared.keep):
            raise AssertionError("it opened")

    with pytest.raises(UsageError, match="nothing says which model"):
        asyncio.run(work())
