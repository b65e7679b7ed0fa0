"""A whole answer has one limit, however slowly its pieces come."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from modelkeep.models.deadline import deadline


@contextmanager
def dripping(head: bytes, piece: bytes, seconds: float) -> Iterator[int]:
    """A server that sends a head and then a piece every now and then; yields its port."""
    over = threading.Event()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(4096)
            try:
                connection.sendall(head)
                for _ in range(200):
                    if over.wait(seconds):
                        return
                    connection.sendall(piece)
            except OSError:
                return

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()[1]
    finally:
        over.set()
        thread.join()
        listening.close()


def ask(port: int, seconds: float) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        with deadline(connection, seconds):
            connection.request("GET", "/")
            with connection.getresponse() as response:
                return response.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"x"),
        (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),  # the answer takes the socket with it
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n"),
    ],
)
def test_an_answer_that_drips_is_cut_off(head: bytes, piece: bytes) -> None:
    began = time.monotonic()
    with dripping(head, piece, 0.05) as port, pytest.raises(TimeoutError, match="whole answer"):
        ask(port, 0.3)
    assert time.monotonic() - began < 2


def test_an_answer_in_time_is_whole_and_other_errors_stay_themselves() -> None:
    with dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b"", 0.01) as port:
        assert ask(port, 5) == b"ok"
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        ask(port, 5)
