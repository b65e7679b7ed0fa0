"""What goes wrong around a gateway, done to real processes; imports as a plain module.

Used by the slow tests for a few rounds and by ``benchmarks/gateway_faults.py`` for many.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import check_samples as samples
from gateway_processes import PATH, Client, Running, greet, launch
from gateway_samples import ROW, Cleared, damaged, question
from modelkeep import pipeline
from modelkeep.evidence import parse_envelope, parse_statement

_CLIENTS: Final = 4
_AT_ONCE: Final = 32  # connections of the fuzzer
_PATIENCE: Final = 1.0  # seconds it waits for an answer; some requests never end
SECRET: Final = 0.123456789  # a value of somebody else's row


@dataclass
class Killed:
    """What clients saw of a gateway that was killed again and again."""

    rounds: int = 0
    acknowledged: dict[str, str] = field(default_factory=dict)  # request id: statement id
    statuses: Counter[int] = field(default_factory=Counter)
    recovery: list[float] = field(default_factory=list)  # seconds from start to ready


def kill_under_load(cleared: Cleared, rounds: int, seed: int = 1) -> Killed:
    """Start a gateway, ask it from several clients, kill it, and do it all again."""
    choose = random.Random(seed)
    seen, key = Killed(), ""
    for _ in range(rounds):
        began = time.monotonic()
        with launch(cleared) as process:
            try:
                running = greet(process, key)
                seen.recovery.append(time.monotonic() - began)
                key = running.key
                threads = [
                    threading.Thread(target=_ask_on, args=(running, seen))
                    for _ in range(_CLIENTS)
                ]
                for thread in threads:
                    thread.start()
                time.sleep(choose.uniform(0.1, 0.7))
                running.kill()
                for thread in threads:
                    thread.join(timeout=20)
            finally:
                if process.poll() is None:
                    process.kill()
        seen.rounds += 1
    return seen


def _ask_on(running: Running, seen: Killed) -> None:
    """Ask until the connection breaks; note only what was answered whole."""
    client = Client(running.port, running.key)
    with contextlib.suppress(ConnectionError):
        while True:
            reply = client.infer()
            seen.statuses[reply.status] += 1
            if reply.status == 200:
                seen.acknowledged[reply.headers["modelkeep-request"]] = reply.headers[
                    "modelkeep-record"
                ]
    client.close()


def lost(cleared: Cleared, seen: Killed) -> set[str]:
    """Acknowledged requests that the log does not hold under the statement named."""
    held: dict[str, str] = {}
    with pipeline.open_workspace({"keep": str(cleared.keep)}) as workspace:
        for entry in workspace.keep.store.entries():
            said = parse_statement(parse_envelope(entry.body).payload).predicate
            held |= {leaf["id"]: entry.statement_id for leaf in said.get("requests", [])}
    return {name for name, where in seen.acknowledged.items() if held.get(name) != where}


def verify_log(cleared: Cleared) -> samples.Said:
    """``modelkeep evidence verify`` on the keep's own log."""
    return samples.spoken("--keep", cleared.keep, "evidence", "verify")


@dataclass
class Fuzzed:
    """What came back for mutated requests."""

    statuses: Counter[int] = field(default_factory=Counter)  # 0: closed or not answered
    faults: Counter[str] = field(default_factory=Counter)  # 5xx, by rule where named
    leaks: int = 0
    memory: list[int] = field(default_factory=list)  # bytes resident, after each part


async def fuzz(running: Running, count: int, seed: int = 11, parts: int = 5) -> Fuzzed:
    """Send mutated requests, each over a connection of its own."""
    choose = random.Random(seed)
    found = Fuzzed()
    client = Client(running.port, running.key)
    other = await asyncio.to_thread(client.infer, question([[SECRET, 0.0, 0.0, 0.0]]))
    client.close()
    secrets = (str(SECRET).encode(), other.headers["modelkeep-request"].encode())
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(data: bytes) -> None:
        async with gate:
            _note(found, await _exchange(running.port, data), secrets)

    for _ in range(parts):
        await asyncio.gather(
            *(one(mutated(choose, running.key)) for _ in range(count // parts))
        )
        found.memory.append(resident(running.process.pid))
    return found


def _note(found: Fuzzed, said: bytes, secrets: tuple[bytes, bytes]) -> None:
    status = int(said[9:12]) if re.match(rb"HTTP/1\.1 \d{3}", said) else 0
    found.statuses[status] += 1
    if status >= 500:
        rule = re.search(rb'"rule":"([\w.-]+)"', said)
        found.faults[f"{status} {rule[1].decode() if rule else 'unnamed'}"] += 1
    found.leaks += any(secret in said for secret in secrets)


async def _exchange(port: int, data: bytes) -> bytes:
    """The first packet of what is answered; empty where nothing is."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return b""
    try:
        writer.write(data)
        async with asyncio.timeout(_PATIENCE):
            return await reader.read(1 << 16)
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def mutated(choose: random.Random, key: str) -> bytes:
    """A whole request, its head or its body damaged."""
    body = json.dumps(question([ROW] * choose.randint(1, 3)) | {"id": "a"}).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: %d\r\n"
    ).encode()
    match choose.randrange(4):
        case 0:  # a damaged head
            return damaged(choose, head % len(body) + b"\r\n") + body
        case 1:  # a length that is not the body's
            length = max(0, len(body) + choose.choice([-30, -1, 1, 40]))
            return head % length + b"\r\n" + body
        case 2:  # a field more
            return head % len(body) + choose.choice(_FIELDS) + b"\r\n\r\n" + body
        case _:
            body = damaged(choose, body)
            return head % len(body) + b"\r\n" + body


_FIELDS: Final = (
    b"Transfer-Encoding: chunked", b"Content-Length: 5", b"Content-Encoding: gzip",
    b"Inference-Header-Content-Length: 9", b"Inference-Header-Content-Length: -1",
    b"Inference-Header-Content-Length: 99999999999999999999", b"Expect: 100-continue",
    b"X: \xff\xfe", b"X : y", b" folded", b"Connection: upgrade\r\nUpgrade: h2c",
    b"Connection: close", b"Authorization: Bearer other", b"X: " + b"y" * 40_000,
)  # fmt: skip


def resident(pid: int) -> int:
    """Bytes of a process that lie in memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def write_settings(folder: Path, **values: object) -> None:
    """The ``[serve]`` section of the settings where a gateway is started."""
    lines = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    (folder / "modelkeep.toml").write_text("\n".join(["[serve]", *lines, ""]))
