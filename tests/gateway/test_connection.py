"""One connection: whole answers only, and none that was not asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from modelkeep.core import UsageError
from modelkeep.gateway.refusal import RefusalError
from modelkeep.gateway.upstream import Upstream

pytestmark = pytest.mark.net
HEAD = b"HTTP/1.1 200 OK\r\n"
OK = HEAD + b"content-length: 2\r\n\r\nok"
Reply = Callable[[int], list[bytes | None]]


@asynccontextmanager
async def server(reply: Reply) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that answers with some parts: a pause where empty, the end at ``None``."""
    asked: list[int] = []  # number of the connection, by request
    connections = iter(range(100))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = next(connections)
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                asked.append(number)
                for part in reply(len(asked) - 1):
                    if part is None:
                        return
                    if not part:
                        await asyncio.sleep(0.01)
                    writer.write(part)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}", asked
    finally:
        listening.close()
        await listening.wait_closed()


def ask(reply: Reply, times: int = 1, most: int = 1000) -> tuple[list[bytes], list[int]]:
    async def run() -> tuple[list[bytes], list[int]]:
        async with server(reply) as (url, asked):
            upstream = Upstream(url, most, 5.0)
            try:
                found = []
                for _ in range(times):
                    found.append(await upstream.request("GET", "/x"))
                    await asyncio.sleep(0.02)  # what is sent unasked arrives
                return found, asked
            finally:
                await upstream.close()

    return asyncio.run(run())


def test_connection_is_kept_for_the_next_request() -> None:
    assert ask(lambda _: [OK], times=3) == ([b"ok"] * 3, [0, 0, 0])


@pytest.mark.parametrize(
    "parts",
    [
        [
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n",
            b"1\r\nk\r\n0\r\n\r\n",
        ],
        [b"HTTP/1.1 100 Continue\r\n\r\n", OK],
        [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\no", b"k", None],
        [OK[:9], OK[9:30], OK[30:]],
    ],
    ids=["chunked", "informational", "until-close", "in-pieces"],
)
def test_every_form_of_an_answer_is_read_whole(parts: list[bytes | None]) -> None:
    assert ask(lambda _: parts)[0] == [b"ok"]


@pytest.mark.parametrize(
    ("parts", "rule"),
    [
        ([b"SSH-2.0-x\r\n\r\n"], "upstream.answer"),
        ([b"HTTP/1.1 200 OK\r\nx: " + b"a" * 70_000], "upstream.answer"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 2000\r\n\r\n"], "upstream.size"),
        ([b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 2000], "upstream.size"),
        ([b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n"], "upstream.answer"),
        ([b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok", None], "upstream.gone"),
        (
            [b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n"],
            "upstream.refused",
        ),
        ([None], "upstream.gone"),
    ],
    ids=["no-http", "head", "length", "long", "packed", "cut", "redirect", "silent"],
)
def test_what_is_no_whole_answer_is_refused(parts: list[bytes | None], rule: str) -> None:
    with pytest.raises(RefusalError) as refusal:
        ask(lambda _: parts)
    assert refusal.value.rule == rule


def test_bytes_after_an_answer_never_become_the_next_one() -> None:
    evil = b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil"
    with pytest.raises(RefusalError, match="does not speak HTTP"):
        ask(lambda _: [OK + evil])
    late = ask(lambda count: [OK] if count else [OK, b"", evil], times=2)
    assert late[0] == [b"ok", b"ok"]
    assert late[1] == [0, 1]  # asked again over a connection of its own


def test_kept_connection_that_its_server_let_go_is_replaced() -> None:
    assert ask(lambda _: [OK, None], times=3) == ([b"ok"] * 3, [0, 1, 2])


def test_server_that_hangs_is_left_at_the_deadline() -> None:
    async def run() -> None:
        async with server(lambda _: []) as (url, _):
            upstream = Upstream(url, 1000, 0.05)
            with pytest.raises(RefusalError, match="too slow"):
                await upstream.request("GET", "/x")

    asyncio.run(run())


@pytest.mark.parametrize("url", ["http://", "http://h:99999", "http://h x", "http://hö"])
def test_address_that_names_no_server_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="names no server"):
        Upstream(url, 1, 1.0)
