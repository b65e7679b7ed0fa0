"""A limit on a whole request: a socket's own is per piece, and a server may send slowly.

Source: Slow-read and Slowloris attacks as OWASP describes them, here from the server's side.
"""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def deadline(connection: http.client.HTTPConnection, seconds: float) -> Iterator[None]:
    """Connect, and break the connection if the answer is not there in time.

    Raises:
        TimeoutError: it was broken, or the socket's own limit was reached.
    """
    late = threading.Event()

    held: list[socket.socket] = []  # an answer that closes takes the socket from its connection

    def cut() -> None:
        late.set()
        for one in held:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(seconds, cut)
    watch.start()
    try:
        if connection.sock is None:
            connection.connect()
        held.append(connection.sock)
        yield
    except (http.client.HTTPException, OSError) as error:
        if not late.is_set() and not isinstance(error, TimeoutError):
            raise
        raise TimeoutError(f"no whole answer within {seconds:g} s") from error
    finally:
        watch.cancel()
    if late.is_set():
        raise TimeoutError(f"no whole answer within {seconds:g} s")
