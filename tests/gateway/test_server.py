"""The server as a process: real clients, hostile connections, loopback only."""

from __future__ import annotations

import numpy as np
import pytest

from gateway_processes import Running, serving, status
from gateway_samples import ROW, Cleared

pytestmark = pytest.mark.net


def test_real_client_is_answered_and_hostile_heads_are_not(cleared: Cleared) -> None:
    http = pytest.importorskip("tritonclient.http")
    with serving(cleared) as running:
        client = http.InferenceServerClient(f"127.0.0.1:{running.port}")
        headers = {"authorization": f"Bearer {running.key}"}
        assert client.is_server_live()
        assert client.is_model_ready("sample", headers=headers)
        rows = np.array([ROW, ROW], dtype=np.float32)
        expected = 1 / (1 + np.exp(-2 * rows.sum(axis=1)))
        for binary_in in (True, False):
            for binary_out in (True, False):
                tensor = http.InferInput("rows", [2, 4], "FP32")
                tensor.set_data_from_numpy(rows, binary_data=binary_in)
                wanted = http.InferRequestedOutput("probabilities", binary_data=binary_out)
                answer = client.infer(
                    "sample", [tensor], outputs=[wanted], headers=dict(headers)
                )
                found = answer.as_numpy("probabilities")
                assert np.allclose(found[:, 1], expected, atol=1e-5)
        client.close()
        _hostile(running)


def _hostile(running: Running) -> None:
    port = running.port
    head = "POST /v2/models/sample/infer HTTP/1.1\r\nHost: x\r\n"
    head += f"Authorization: Bearer {running.key}\r\n"
    flood = b"GET /v2 HTTP/1.1\r\n" + b"".join(b"x-%d: y\r\n" % i for i in range(200)) + b"\r\n"
    long = b"GET /v2 HTTP/1.1\r\nx: " + b"y" * 100_000
    both = head.encode() + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG"
    twice = head.encode() + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"
    for data in (flood, long, both, twice, b"\x16\x03\x01 nonsense\r\n\r\n"):
        assert status(port, data) in (0, 400), data[:60]
    huge = head.encode() + b"Content-Length: 99999999999\r\n\r\n"
    assert status(port, huge) == 413
    gzip = head.encode() + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"
    assert status(port, gzip) == 415
    assert status(port, b"GET /v2/health/live HTTP/1.1\r\n\r\n") == 200, "it lives on"
