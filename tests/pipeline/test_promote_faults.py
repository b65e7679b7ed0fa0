"""A promotion is struck at every call that writes: nothing lost, nothing approved by it."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import check_samples as samples
from fault_samples import REFUSED, STEPS, STRUCK, Nursery, start_nursery
from modelkeep import pipeline
from modelkeep.evidence import Entry, SigningKey, audit_log, by_uri, open_keep
from modelkeep.registry import APPROVALS, list_versions

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform != "linux" or COMPILER is None,
        reason="failing writes and syncs needs Linux and a C compiler",
    ),
]
KEEP = ".modelkeep"
State = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Bench:
    """The project before each step, and who takes the steps.

    Attributes:
        folder: holds a copy of the project per step.
        nursery: takes them.
        states: stage and number of approvals, before and after each step.
    """

    folder: Path
    nursery: Nursery
    states: dict[str, tuple[State, State]]


@pytest.fixture(scope="module")
def bench(sample_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("faults").resolve()
    project, states = folder / "project", {}
    with pytest.MonkeyPatch.context() as patch:
        samples.copy_sample(sample_folder, project)
        patch.chdir(project)
        pipeline.init_keep(project / KEEP, "dev").close()
        for name in ("bo", "cy"):
            key = SigningKey.generate()
            key.save(Path(f"{name}.pem"))
            Path(f"{name}.pub").write_text(key.public.pem)
            pipeline.add_trust(name, f"{name}.pub", ("approval",))
        pipeline.check("model.onnx")
        for step, take in STEPS.items():
            shutil.copytree(project, folder / step)
            before = state_of(project)
            take()
            states[step] = (before, state_of(project))
    assert states["deployed"][1] == ("deployed", APPROVALS)
    shim = folder / "sync_trace.so"
    source = Path(__file__).parents[1] / "evidence" / "sync_trace.c"
    subprocess.run(
        [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True
    )
    nursery = start_nursery(shim, folder)
    yield Bench(folder, nursery, states)
    with nursery.process as process:
        assert process.stdin
        process.stdin.close()


def state_of(project: Path) -> State:
    with open_keep(project / KEEP) as keep:
        versions = list_versions(keep)
        if not versions:
            return "", 0
        return versions[0].earned.value, len(versions[0].approvals)


def entries_of(project: Path) -> list[Entry]:
    with open_keep(project / KEEP) as keep:
        assert audit_log(keep) == []
        return keep.store.entries()


def require_grounds(entries: list[Entry]) -> None:
    """Read without the registry: no step up stands before what it needs."""
    allowed: set[str] = set()
    approvers: set[str] = set()
    for entry in entries:
        envelope = json.loads(entry.body)
        row = by_uri(entry.predicate_type)
        said: dict[str, Any] = json.loads(base64.b64decode(envelope["payload"]))["predicate"]
        if row is not None and row.key == "decision":
            assert said["verificationResult"] == "PASSED"
            allowed.add(said["action"])
        elif row is not None and row.key == "approval":
            approvers.add(envelope["signatures"][0]["keyid"])
        elif row is not None and row.key == "stage":
            needs = {"quarantine": set(), "deployed": {"store", "deploy"}}
            assert needs.get(said["after"], {"store"}) <= allowed
            assert len(approvers) >= APPROVALS or said["after"] in ("quarantine", "candidate")


@pytest.mark.parametrize("full", [False], ids=["dies"])
@pytest.mark.parametrize("step", STEPS)
def test_step_struck_at_every_call_is_taken_or_not(
    bench: Bench, step: str, *, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = bench.states[step]
    known = entries_of(bench.folder / step)
    found: dict[State, int] = {before: 0, after: 0}
    refused = calls = 0
    while True:
        copy = bench.folder / f"{step} struck"
        shutil.copytree(bench.folder / step, copy)
        ended = bench.nursery.promote(step, copy, calls + 1, full=full)
        if not ended.reached:
            assert ended.status == 0
            shutil.rmtree(copy)
            break
        calls += 1
        assert ended.status in ((0, REFUSED) if full else (STRUCK,)), f"call {calls}"
        if ended.status == REFUSED:
            refused += 1
            kind, message, hint = ended.error
            assert kind == "EvidenceError", message
            assert str(copy) in message
            assert "disk" in hint
        entries = entries_of(copy)
        assert entries[: len(known)] == known
        require_grounds(entries)
        state = state_of(copy)
        assert state == after if ended.status == 0 else state in (before, after)
        found[state] += 1
        if state == before:  # nothing stands in the way of doing it again
            monkeypatch.chdir(copy)
            STEPS[step]()
            assert state_of(copy) == after
            monkeypatch.undo()
        shutil.rmtree(copy)
    assert calls > 10
    print(  # noqa: T201 - the figure
        f"{step}: struck at {calls} calls, {found[before]} not taken, "
        f"{found[after]} taken, {refused} refused; nothing lost"
    )
