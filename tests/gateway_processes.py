"""Gateways as processes of their own on loopback; imports as a plain module.

Every process is ended by whoever started it, by its id.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import check_samples as samples
from gateway_samples import Cleared, question

PATH = "/v2/models/sample/infer"


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    port: int
    key: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        """End it as the kernel does when memory is out: nothing is finished."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=20)


@dataclass(frozen=True)
class Reply:
    """What a server answered; status 0 where it closed the connection."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def rule(self) -> str:
        """What refused the request."""
        return str(json.loads(self.body).get("rule", ""))


def launch(cleared: Cleared, *options: str) -> subprocess.Popen[bytes]:
    """Start a server of the sample model on a free port."""
    return samples.start(
        "--keep", cleared.keep, "serve", "--model", f"sample={cleared.model}",
        "--port", "0", *options, OMP_NUM_THREADS="1",
    )  # fmt: skip


def greet(process: subprocess.Popen[bytes], key: str = "") -> Running:
    """Read where a launched server listens and, where none is known, its new key."""
    assert process.stdout is not None
    assert process.stderr is not None
    if not key:
        key = process.stdout.readline().decode().rpartition(" ")[2].strip()
    said = []
    while not (found := re.search(r":(\d+)$", (line := process.stderr.readline().decode()))):
        said.append(line)
        assert process.poll() is None, said
    # A pipe that nobody reads fills up and stops the process at its next warning.
    threading.Thread(target=process.stderr.read, daemon=True).start()
    running = Running(int(found[1]), key, process)
    wait_for(running.port)
    return running


@contextlib.contextmanager
def serving(cleared: Cleared, *options: str, key: str = "") -> Iterator[Running]:
    """A server that is ready, ended by its id."""
    with launch(cleared, *options) as process:
        try:
            yield greet(process, key)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(timeout=20)


def wait_for(port: int) -> None:
    """Wait until a server is ready to serve."""
    for _ in range(400):
        with contextlib.suppress(OSError):
            if status(port, b"GET /v2/health/ready HTTP/1.1\r\n\r\n") == 200:
                return
        time.sleep(0.05)
    raise AssertionError("it does not get ready")


@contextlib.contextmanager
def exchange(port: int, data: bytes, timeout: float = 5) -> Iterator[socket.socket]:
    """A connection on which something was sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=timeout) as sock:
        sock.sendall(data)
        yield sock


def status(port: int, data: bytes, timeout: float = 5) -> int:
    """Status of the first answer; 0 where the connection was closed without one."""
    with (
        contextlib.suppress(ConnectionError),
        exchange(port, data, timeout) as sock,
    ):
        first = sock.recv(64)
        return int(first[9:12]) if first else 0
    return 0


@dataclass
class Client:
    """A client with one connection, opened again where it was lost."""

    port: int
    key: str
    timeout: float = 10.0
    _connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: bytes | dict[str, Any] = b"") -> Reply:
        """Send one request; a connection that breaks is an ``OSError`` to the caller."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection(
                "127.0.0.1", self.port, timeout=self.timeout
            )
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            self._connection.request(
                method, path, data, {"authorization": f"Bearer {self.key}"}
            )
            answer = self._connection.getresponse()
            return Reply(
                answer.status,
                {name.lower(): value for name, value in answer.getheaders()},
                answer.read(),
            )
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise ConnectionError(str(error)) from error

    def infer(self, body: bytes | dict[str, Any] | None = None) -> Reply:
        """Ask the sample model."""
        return self.ask("POST", PATH, question() if body is None else body)

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
