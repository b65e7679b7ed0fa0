"""``modelkeep serve --self-test URL``: does a running gateway refuse what it must?

It asks as a stranger and with a key, sends what ``hostile_requests`` holds, drips heads and
bodies, and at the end asks whether the server still lives. It is bounded in requests, bytes
and time, and stays on this machine unless told otherwise: it is an attack.

Source: OWASP API Security top 10 (2023), API2 (authentication), API4 (resources), API5
(function level), API8 (configuration).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, quote, urlsplit

from modelkeep.core import InputError, UsageError
from modelkeep.gateway.hostile_requests import bombs, floods, injected, smuggled

_PATIENCE: Final = 15.0  # seconds a server may take to refuse; slower is a finding
_SILENCE: Final = 0.5  # seconds within which a hidden second answer follows the first
_AT_ONCE: Final = 8
_MOST: Final = 1 << 20  # bytes read of an answer
_STATUS: Final = re.compile(rb"HTTP/1\.[01] (\d{3})\b")
_TRACES: Final = (b"Traceback", b"root:x:0", b'  File "', b"at java.", b"X-Evil: 1")


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing tried.

    Attributes:
        name: what, as ``group: case``.
        passed: whether the server did what it must.
        says: what it did.
    """

    name: str
    passed: bool
    says: str


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway on test.

    Attributes:
        host: its address.
        port: its port.
        key: an API key that may ask the model; empty: only what a stranger meets is tried.
        model: name it is asked by.
    """

    host: str
    port: int
    key: str = ""
    model: str = "model"

    @property
    def path(self) -> str:
        """Where the model is asked."""
        return f"/v2/models/{quote(self.model, safe='')}/infer"

    async def exchange(self, data: bytes) -> bytes | None:
        """What is answered until the connection ends or falls silent; ``None``: nothing.

        Raises:
            InputError: nobody listens.
        """
        try:
            reader, writer = await asyncio.open_connection(self.host, self.port)
        except OSError as error:
            raise InputError(
                f"nobody answers on {self.host}:{self.port}", "Start the gateway first."
            ) from error
        found = bytearray()
        try:
            writer.write(data)
            while len(found) < _MOST:
                async with asyncio.timeout(_SILENCE if found else _PATIENCE):
                    part = await reader.read(1 << 16)
                if not part:
                    break
                found += part
        except TimeoutError:
            return bytes(found) or None
        except OSError:
            pass  # it closed the connection on us: a refusal
        finally:
            await _close(writer)
        return bytes(found)


def parse_target(
    url: str, *, key: str = "", model: str = "model", elsewhere: bool = False
) -> Target:
    """Where to test.

    Args:
        url: ``http://HOST:PORT``.
        key: an API key.
        model: name of the model it may ask.
        elsewhere: whether it may be another machine.

    Raises:
        UsageError: another form, or another machine without being told so.
    """
    parts = urlsplit(url)
    try:
        host, port = parts.hostname or "", parts.port or 80
    except ValueError as error:
        raise UsageError(f"{url!r}: {error}", "Give http://HOST:PORT.") from error
    if parts.scheme != "http" or not host or not _is_bare(parts):
        raise UsageError(f"{url!r} is not http://HOST:PORT", "Test it behind its TLS proxy.")
    if not elsewhere and not _is_here(host):
        raise UsageError(
            f"{host} is another machine", "Add --elsewhere if you may attack that machine."
        )
    return Target(host, port, key, model)


def _is_bare(parts: SplitResult) -> bool:
    return parts.path in ("", "/") and not parts.query and not parts.username


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


async def run_self_test(target: Target, told: Callable[[Probe], None]) -> bool:
    """Try everything; whether all passed.

    Args:
        target: the gateway.
        told: hears of every probe as it ends.

    Raises:
        InputError: nobody listens.
    """
    passed = True
    for group in (_strangers, _refused, _slow, _alive):
        for probe in await group(target):
            told(probe)
            passed = passed and probe.passed
    return passed


async def _strangers(target: Target) -> list[Probe]:
    """API2, API5: without a key nothing but health is told."""
    found = []
    wrong = {"no key": "", "unknown key": "Bearer mk_" + "x" * 43, "basic": "Basic YTph"}
    paths = {"/v2": "GET", "/metrics": "GET", "/modelkeep/alarms": "GET", target.path: "POST"}
    for what, said in wrong.items():
        field = f"Authorization: {said}\r\n" if said else ""
        for path, method in paths.items():
            request = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{field}Content-Length: 0\r\n\r\n"
            answer = await target.exchange(request.encode())
            found.append(_judge(f"authentication: {what}, {path}", answer, {401}))
    doubled = "GET /v2 HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"
    answer = await target.exchange(doubled.encode())
    return [*found, _judge("authentication: two keys", answer, {400, 401})]


async def _refused(target: Target) -> list[Probe]:
    """API4, API8: hostile requests end in a 4xx or a closed connection."""
    groups = {
        "smuggling": smuggled(target.path, target.key),
        "flood": floods(target.path, target.key),
        "bomb": bombs(target.path, target.key),
        "injection": injected(target.key),
    }
    places = asyncio.Semaphore(_AT_ONCE)

    async def probe(name: str, data: bytes) -> Probe:
        async with places:
            return _judge(name, await target.exchange(data))

    return await asyncio.gather(
        *(
            probe(f"{group}: {name}", data)
            for group, requests in groups.items()
            for name, data in requests.items()
        )
    )


async def _slow(target: Target) -> list[Probe]:
    """API4: heads and bodies that never end do not hold a connection for ever."""
    head = f"POST {target.path} HTTP/1.1\r\nHost: x\r\n".encode()
    body = head + f"Authorization: Bearer {target.key}\r\nContent-Length: 1000\r\n\r\n".encode()
    dripped = await asyncio.gather(
        _drip("slow: head", target, head),
        _drip("slow: body", target, body),
        _drip("slow: silence", target, b""),
    )
    return list(dripped)


async def _drip(name: str, target: Target, data: bytes) -> Probe:
    """Send a byte a second until the server ends it."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    begun = time.monotonic()
    try:
        writer.write(data)
        while time.monotonic() - begun < _PATIENCE:
            try:
                async with asyncio.timeout(1.0):
                    said = await reader.read(1 << 16)
            except TimeoutError:
                writer.write(b"x" if data else b"")
                continue
            took = time.monotonic() - begun
            status = _STATUS.match(said)
            says = f"{status[1].decode() if status else 'closed'} after {took:.0f} s"
            return Probe(name, not status or status[1][:1] == b"4", says)
    except OSError:
        return Probe(name, passed=True, says="closed")
    finally:
        await _close(writer)
    return Probe(name, passed=False, says=f"still open after {_PATIENCE:.0f} s")


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _alive(target: Target) -> list[Probe]:
    answer = await target.exchange(b"GET /v2/health/live HTTP/1.1\r\nHost: x\r\n\r\n")
    return [_judge("afterwards: it lives", answer, {200})]


def _judge(name: str, answer: bytes | None, wanted: set[int] | None = None) -> Probe:
    """Whether an answer is one refusal, without what nobody should see."""
    if answer is None:
        return Probe(name, passed=False, says=f"no answer within {_PATIENCE:.0f} s")
    statuses = [int(status) for status in _STATUS.findall(answer)]
    if any(trace in answer for trace in _TRACES):
        return Probe(name, passed=False, says="the answer shows what is inside")
    if len(statuses) > 1 and 200 in statuses:  # noqa: PLR2004
        return Probe(name, passed=False, says=f"several answers: {statuses}")
    says = " ".join(map(str, statuses)) or "closed"
    if wanted is not None:
        return Probe(name, statuses[:1] != [] and statuses[0] in wanted, says)
    refused = all(400 <= status < 500 for status in statuses)  # noqa: PLR2004
    return Probe(name, refused, says)
