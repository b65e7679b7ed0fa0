"""Serve the sound model, ask it honestly, then try to copy it; says what the gateway said.

The client is NVIDIA's ``tritonclient``, which knows nothing of Modelkeep: the gateway speaks
the Open Inference Protocol. The thief has a key of its own and asks rows it made up, a few
at a time, as somebody does who trains a copy on the answers.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tritonclient import http
from tritonclient.utils import InferenceServerException

HONEST = 10
STOLEN, BATCH = 200, 5  # rows the thief asks, and at a time
SETTINGS = """\
[serve.models.sound]
probabilities = true
calibration = "sound/train.npz"
require = ["extraction"]
"""


@contextmanager
def gateway(out: Path) -> Iterator[tuple[str, str]]:
    """The gateway as a process of its own: where it listens, and its administrator's key."""
    (out / "modelkeep.toml").write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, "-m", "modelkeep", "serve"]
    command += ["--model", "sound=sound/model.onnx", "--port", "0"]
    print("\n$ modelkeep " + " ".join(command[3:]), flush=True)
    with (
        (out / "gateway.log").open("w+", encoding="utf-8") as log,
        subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=out, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            assert process.stdout is not None  # noqa: S101 - asked for above
            key = process.stdout.readline().rpartition(" ")[2].strip()
            yield _address(process, out / "gateway.log"), key
        finally:
            process.terminate()
            process.wait(timeout=20)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    """Host and port, once the gateway says them and is ready."""
    for _ in range(600):
        found = re.search(r"http://(\S+:\d+)", log.read_text(encoding="utf-8"))
        if found:
            client = http.InferenceServerClient(found[1])
            try:
                if client.is_server_ready():
                    return found[1]
            except OSError:
                pass  # it does not listen yet
            finally:
                client.close()
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise SystemExit(f"the gateway does not get ready; see {log}")


def operator(address: str, key: str, path: str, document: object = None) -> Any:  # noqa: ANN401
    """Ask one of the operator's routes."""
    request = urllib.request.Request(
        f"http://{address}{path}",
        json.dumps(document).encode() if document is not None else None,
        {"authorization": f"Bearer {key}"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310 - loopback
        return json.load(reply)


def ask(client: http.InferenceServerClient, key: str, rows: np.ndarray) -> np.ndarray:
    """Probabilities of rows ``(rows, 30)``, as ``(rows, 2)``."""
    tensor = http.InferInput("rows", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows.astype(np.float32))
    headers = {"authorization": f"Bearer {key}"}
    answer = client.infer("sound", [tensor], headers=headers)
    return np.asarray(answer.as_numpy("probabilities"))


def honest(client: http.InferenceServerClient, key: str, out: Path) -> bool:
    """Ask about ten people the model has not seen; whether all were answered in full."""
    with np.load(out / "sound/test.npz") as held_out:  # noqa: TID251 - the demo's own file
        rows, labels = held_out["x"][:HONEST], held_out["y"][:HONEST]
    answers = np.concatenate([ask(client, key, row[None]) for row in rows])
    right = int((answers.argmax(axis=1) == labels).sum())
    print(f"{HONEST} honest requests: {len(answers)} answered, {right} labels right")
    print(f"  the first: {answers[0].round(4).tolist()}")
    return bool(np.allclose(answers.sum(axis=1), 1.0, atol=1e-3))


def steal(client: http.InferenceServerClient, key: str, out: Path) -> int:
    """Ask made-up rows and train a copy on what is answered; returns how many were."""
    with np.load(out / "sound/train.npz") as known:  # noqa: TID251 - the demo's own file
        low, high = known["x"].min(axis=0), known["x"].max(axis=0)
    rows = np.random.default_rng(0).uniform(low, high, (STOLEN, len(low))).astype(np.float32)
    answers: list[np.ndarray] = []
    for at in range(0, STOLEN, BATCH):
        try:
            answers.append(ask(client, key, rows[at : at + BATCH]))
        except InferenceServerException as refusal:
            print(f"  refused after {at} rows: {refusal.message()}")
            break
    given = np.concatenate(answers)
    full = int(((given.round(2) != given).any(axis=1)).sum())
    labels = int(((given == 0) | (given == 1)).all(axis=1).sum())
    print(f"one extraction run of {STOLEN} made-up rows: {len(given)} answered,")
    print(f"  {full} of them in full, {labels} with the label only")
    copied = given.argmax(axis=1)
    if len(set(copied.tolist())) > 1:
        with np.load(out / "sound/test.npz") as held_out:  # noqa: TID251 - as above
            copy = make_pipeline(StandardScaler(), LogisticRegression())
            right = copy.fit(rows[: len(given)], copied).score(held_out["x"], held_out["y"])
        print(f"  a copy trained on the answers labels {right:.0%} of real rows right")
    return len(given)


def serve_sound(out: Path) -> bool:
    """Run it all; whether honest use was answered and the theft was noticed."""
    with gateway(out) as (address, admin):
        client = http.InferenceServerClient(address)
        wanted = {"models": ["sound"], "actions": ["infer"]}
        keys = {
            name: operator(address, admin, "/modelkeep/keys", {"tenant": name, **wanted})
            for name in ("clinic", "stranger")
        }
        answered = honest(client, keys["clinic"]["secret"], out)
        early = operator(address, admin, "/modelkeep/alarms")["alarms"]
        steal(client, keys["stranger"]["secret"], out)
        alarms = operator(address, admin, "/modelkeep/alarms")["alarms"]
        client.close()
    names = {key["id"]: name for name, key in keys.items()}
    for alarm in alarms:
        principal = alarm["evidence"]["principal"]
        who = names.get(principal, principal or "everybody together")
        print(
            f"  alarm {alarm['rule']['id']} {alarm['rule']['name']} ({who}): {alarm['message']}"
        )
    blamed = {names.get(alarm["evidence"].get("principal", "")) for alarm in alarms}
    return answered and not early and "stranger" in blamed and "clinic" not in blamed
