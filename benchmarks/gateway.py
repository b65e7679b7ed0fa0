"""What a checked request costs: our line, our own pass-through, a FastAPI proxy, nginx.

    python benchmarks/gateway.py --setup DIR     # environment of the FastAPI peer
    python benchmarks/gateway.py [--peers DIR] [--requests 2000]

Each server runs in a process of its own on loopback and is asked 784 floats by this process
over eight keep-alive connections; its CPU time is read from ``/proc``. Every proxy's upstream
is the same tiny server that answers a fixed answer of ten scores. Rows:

* ``pass-through``: raw ASGI under uvicorn, body handed to the upstream unread (aiohttp);
* ``checked``: our gateway in front of the same upstream, audit queued, JSON and binary;
* ``in process``: our gateway over an ONNX model of one layer, no upstream;
* ``fastapi``: FastAPI, a pydantic body and httpx (only with ``--peers``);
* ``nginx``: reverse proxy without checks (only where nginx is installed).
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
from onnx import TensorProto, helper, numpy_helper

ROOT: Final = Path(__file__).resolve().parents[1]
ENVIRONMENT: Final = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT / "src")}
FEATURES: Final = 784
CONNECTIONS: Final = 8
PEER: Final = ("fastapi", "httpx", "pydantic", "uvicorn", "uvloop", "httptools")
OURS: Final = [sys.executable, "-m", "modelkeep"]
UPSTREAM: Final = """
import json, sys, uvicorn
META = json.dumps({"name": "m", "platform": "fixed",
    "inputs": [{"name": "rows", "datatype": "FP32", "shape": [-1, 784]}],
    "outputs": [{"name": "scores", "datatype": "FP32", "shape": [-1, 10]}]}).encode()
ANSWER = json.dumps({"model_name": "m", "outputs": [
    {"name": "scores", "datatype": "FP32", "shape": [1, 10], "data": [0.1] * 10}]}).encode()
async def app(scope, receive, send):
    while scope["method"] == "POST" and (await receive()).get("more_body"):
        pass
    body = ANSWER if scope["method"] == "POST" else META
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
"""
THROUGH: Final = """
import sys, aiohttp, uvicorn
session = None
async def app(scope, receive, send):
    global session
    session = session or aiohttp.ClientSession(auto_decompress=False)
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body")
    async with session.post(sys.argv[2] + scope["path"], data=body) as answer:
        body = await answer.read()
    await send({"type": "http.response.start", "status": 200, "headers": [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False, lifespan="off")
"""
FASTAPI: Final = """
import sys, httpx, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
class Tensor(BaseModel):
    name: str
    shape: list[int]
    datatype: str
    data: list[float]
class Body(BaseModel):
    inputs: list[Tensor]
app, client = FastAPI(), httpx.AsyncClient()
@app.post("/v2/models/m/infer")
async def infer(body: Body) -> dict:
    url = sys.argv[2] + "/v2/models/m/infer"
    return (await client.post(url, json=body.model_dump())).json()
uvicorn.run(app, port=int(sys.argv[1]), log_level="error", access_log=False)
"""


Sent = list[tuple[bytes, dict[str, str]]]
Start = Callable[[int], list[str]]


def free_port() -> int:
    """A port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def cpu_seconds(pid: int) -> float:
    """CPU time of a process and the children it waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def write_model(path: Path) -> None:
    """A softmax layer of 784 inputs and ten classes."""
    weights = np.random.default_rng(0).normal(size=(FEATURES, 10)).astype(np.float32) / 50
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["rows", "w"], ["logits"]),
            helper.make_node("Softmax", ["logits"], ["scores"]),
        ],
        "bench",
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, ["n", FEATURES])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    path.write_bytes(model.SerializeToString())


def bodies(count: int) -> dict[str, Sent]:
    """Different requests in JSON and binary."""
    made: dict[str, Sent] = {"json": [], "binary": []}
    for rows in np.random.default_rng(1).random((count, 1, FEATURES), dtype=np.float32):
        tensor = {"name": "rows", "shape": [1, FEATURES], "datatype": "FP32"}
        data = [round(float(value), 8) for value in rows[0]]
        made["json"].append((json.dumps({"inputs": [tensor | {"data": data}]}).encode(), {}))
        size = {"parameters": {"binary_data_size": rows.nbytes}}
        head = json.dumps({"inputs": [tensor | size]}).encode()
        length = {"inference-header-content-length": str(len(head))}
        made["binary"].append((head + rows.tobytes(), length))
    return made


def measure(name: str, pid: int, port: int, sent: Sent, key: str, requests: int) -> float:
    """Ask a server over some connections at once; prints and returns CPU us per request."""
    asyncio.run(_load(name, port, sent, key, 200))  # warm
    begun_cpu, begun = cpu_seconds(pid), time.perf_counter()
    took = asyncio.run(_load(name, port, sent, key, requests))
    cost = (cpu_seconds(pid) - begun_cpu) / requests * 1e6
    wall = time.perf_counter() - begun
    p50, p99 = np.percentile(took, [50, 99]) * 1e3
    speed = f"{p50:8.2f} ms p50 {p99:8.2f} ms p99 {requests / wall:7.0f}/s"
    print(f"{name:28} {cost:8.0f} us CPU {speed} {1e6 / cost:7.0f}/s per core", flush=True)
    return cost


async def _load(name: str, port: int, sent: Sent, key: str, requests: int) -> list[float]:
    """Seconds that each of some requests took."""
    left = iter(range(requests))
    took: list[float] = []

    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for count in left:
            body, extra = sent[count % len(sent)]
            at = time.perf_counter()
            writer.write(_request(body, extra, key))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split()[0])
            data = await reader.readexactly(length)
            took.append(time.perf_counter() - at)
            if b" 200 " not in head[:16]:
                raise SystemExit(f"{name}: {head[:20]!r} {data[:200]!r}")
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    return took


def _request(body: bytes, extra: dict[str, str], key: str) -> bytes:
    lines = ["POST /v2/models/m/infer HTTP/1.1", "host: m", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *(f"{k}: {v}" for k, v in extra.items())]
    if key:
        lines.append(f"authorization: Bearer {key}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def wait_for(port: int, path: str = "/v2/models/m") -> None:
    """Until a server answers anything."""
    for _ in range(600):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", path)
            connection.getresponse().read()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise SystemExit(f"nothing answers on port {port}")


def started(*command: str, cwd: Path, **streams: int) -> subprocess.Popen[bytes]:
    """A server in a process of its own."""
    return subprocess.Popen(command, cwd=cwd, env=ENVIRONMENT, **streams)


def ours(folder: Path, address: str) -> tuple[subprocess.Popen[bytes], int, str]:
    """Our gateway, its port and its key."""
    shutil.rmtree(folder / "keep" / "gateway", ignore_errors=True)
    port = free_port()
    process = started(
        *OURS, "--keep", str(folder / "keep"), "serve", "--model", f"m={address}",
        "--port", str(port), cwd=folder, stdout=subprocess.PIPE,
    )  # fmt: skip
    key = (process.stdout or sys.stdin.buffer).readline().decode().split()[-1]
    wait_for(port, "/v2/health/live")
    return process, port, key


def proxies(folder: Path, url: str, peers: Path | None) -> dict[str, Start]:
    """How each peer is started on a port."""
    found: dict[str, Start] = {
        "pass-through": lambda port: [sys.executable, "-c", THROUGH, str(port), url]
    }
    if peers is not None:
        python = str(peers / "fastapi" / "bin" / "python")
        start = [python, "-c", FASTAPI]
        found["fastapi + pydantic + httpx"] = lambda port: [*start, str(port), url]
    if shutil.which("nginx"):
        found["nginx"] = lambda port: _nginx(folder, port, url)
    else:
        print("nginx is not installed here: no row for it")
    return found


def _nginx(folder: Path, port: int, url: str) -> list[str]:
    text = f"""daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr error;
events {{}} http {{ access_log off; client_body_temp_path {folder}/body;
upstream u {{ server {url.removeprefix("http://")}; keepalive 16; }}
server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://u;
proxy_http_version 1.1; proxy_set_header Connection ""; }} }} }}"""
    (folder / "nginx.conf").write_text(text)
    return ["nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)]


def run(folder: Path, peers: Path | None, requests: int) -> None:
    """Measure everything and print the ratios."""
    model = folder / "model.onnx"
    write_model(model)
    for word in ("sign", "check"):
        command = [*OURS, "--keep", str(folder / "keep"), word, str(model)]
        subprocess.run(command, check=True, capture_output=True, cwd=folder, env=ENVIRONMENT)
    sent, costs = bodies(64), dict[str, float]()
    upstream_port = free_port()
    url = f"http://127.0.0.1:{upstream_port}"
    settings = '[serve]\naudit = "queued"\nprincipal_rows = 1e6\n'
    settings += f'[serve.models.m]\nartifact = "{model}"\n'
    (folder / "modelkeep.toml").write_text(settings)
    with started(sys.executable, "-c", UPSTREAM, str(upstream_port), cwd=folder) as upstream:
        try:
            wait_for(upstream_port)
            for name, command in proxies(folder, url, peers).items():
                port = free_port()
                with started(*command(port), cwd=folder) as process:
                    try:
                        wait_for(port)
                        costs[name] = measure(
                            name, process.pid, port, sent["json"], "", requests
                        )
                    finally:
                        process.terminate()
            for name, address in (("checked", url), ("in process", str(model))):
                process, port, key = ours(folder, address)
                try:
                    for kind, given in sent.items():
                        label = f"{name}, {kind}"
                        costs[label] = measure(label, process.pid, port, given, key, requests)
                finally:
                    process.terminate()
                    process.wait(20)
        finally:
            upstream.terminate()
    print()
    for name, cost in costs.items():
        against = ", ".join(
            f"{cost / costs[peer]:.2f} x {peer}"
            for peer in ("pass-through", "nginx", "fastapi + pydantic + httpx")
            if peer in costs and peer != name
        )
        print(f"{name:28} {against}")


def main() -> None:
    """Parse, set up or measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--setup", type=Path)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--requests", type=int, default=2000)
    given = parser.parse_args()
    if given.setup:
        venv.create(given.setup / "fastapi", with_pip=True)
        pip = given.setup / "fastapi" / "bin" / "pip"
        subprocess.run([pip, "install", "-q", *PEER], check=True)
        return
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), given.peers, given.requests)


if __name__ == "__main__":
    main()
