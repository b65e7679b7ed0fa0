"""The self-test passes our gateway, fails a careless server, and stays on this machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

import gateway_faults as faults
from check_samples import said, spoken
from gateway_processes import serving
from gateway_samples import Cleared
from modelkeep.core import InputError, UsageError
from modelkeep.gateway import Probe, parse_target, run_self_test

pytestmark = pytest.mark.net
FREE = {"principal_rows": 1e6, "tenant_rows": 1e6, "global_rows": 1e6}


@pytest.mark.slow
def test_our_gateway_passes_with_a_key_and_without(cleared: Cleared, tmp_path: Path) -> None:
    faults.write_settings(tmp_path, **FREE)
    with serving(cleared) as running:
        (tmp_path / "key.txt").write_text(running.key)
        url = f"http://127.0.0.1:{running.port}"
        found = spoken(
            "serve", "--self-test", url, "--model", "sample", "--key-file", "key.txt"
        )
    assert found.code == 0, found.out
    assert "FAIL" not in found.out
    assert "ok   smuggling: two lengths: 400" in found.out
    assert "ok   slow: body: 408" in found.out
    assert "ok   bomb: deep lists: 400" in found.out
    assert "ok   afterwards: it lives: 200" in found.out


@asynccontextmanager
async def careless(answer: bytes) -> AsyncIterator[str]:
    """A server that answers everything alike, and never ends a connection."""

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(1 << 20):
            for _ in range(max(1, data.count(b" HTTP/1.1"))):
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


def probed(answer: bytes) -> dict[str, Probe]:
    async def work() -> dict[str, Probe]:
        found: list[Probe] = []
        async with careless(answer) as url:
            assert not await run_self_test(parse_target(url, key="k"), found.append)
        return {probe.name: probe for probe in found}

    return asyncio.run(work())


@pytest.fixture(autouse=True)
def _quick(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if "slow" not in request.keywords:
        monkeypatch.setattr("modelkeep.gateway.self_test._PATIENCE", 0.3)
        monkeypatch.setattr("modelkeep.gateway.self_test._SILENCE", 0.05)


def test_server_that_answers_everything_fails_every_group() -> None:
    found = probed(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    failed = {name.partition(":")[0] for name, probe in found.items() if not probe.passed}
    assert failed == {"authentication", "smuggling", "flood", "bomb", "injection", "slow"}
    assert found["smuggling: two lengths"].says == "several answers: [200, 200]"
    assert found["afterwards: it lives"].passed


def test_server_that_shows_its_inside_or_breaks_fails() -> None:
    shown = probed(b"HTTP/1.1 400 Bad\r\n\r\nTraceback (most recent call last)")
    assert shown["bomb: deep lists"].says == "the answer shows what is inside"
    broken = probed(b"HTTP/1.1 500 Internal Server Error\r\n\r\n")
    assert not broken["bomb: deep lists"].passed
    assert broken["bomb: deep lists"].says.startswith("500")


def test_server_that_says_nothing_fails() -> None:
    assert probed(b"")["flood: many fields"].says == "no answer within 0 s"


def test_nobody_listening_is_an_error_that_says_where() -> None:
    with pytest.raises(InputError, match=r"nobody answers on 127\.0\.0\.1:1") as caught:
        asyncio.run(run_self_test(parse_target("http://127.0.0.1:1"), print))
    assert caught.value.hint == "Start the gateway first."


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("http://192.0.2.7:80", "192.0.2.7 is another machine"),
        ("http://models.example", "another machine"),
        ("http://127.0.0.1.example", "another machine"),
        ("https://127.0.0.1", "is not http://HOST:PORT"),
        ("http://127.0.0.1/v2", "is not http://HOST:PORT"),
        ("http://me@127.0.0.1", "is not http://HOST:PORT"),
        ("http://127.0.0.1:99999", "Port out of range"),
        ("8080", "is not http://HOST:PORT"),
    ],
)
def test_only_this_machine_is_attacked_unless_told(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        parse_target(url)


def test_another_machine_may_be_named_on_purpose() -> None:
    target = parse_target("http://192.0.2.7:81", elsewhere=True)
    assert (target.host, target.port) == ("192.0.2.7", 81)
    assert parse_target("http://[::1]:82").host == "::1"
    assert parse_target("http://localhost").port == 80


def test_command_refuses_what_makes_no_sense(tmp_path: Path) -> None:
    assert said("serve").code == 64
    assert said("serve", "--self-test", "http://192.0.2.7").code == 64
    two = said("serve", "--self-test", "http://127.0.0.1:1", "--model", "a", "--model", "b")
    assert (two.code, "asks one model" in two.err) == (64, True)
    gone = said("serve", "--self-test", "http://127.0.0.1:1")
    assert (gone.code, "nobody answers" in gone.err) == (2, True)
    assert said("serve", "--self-test", "x", "--key-file", tmp_path / "none").code == 64
