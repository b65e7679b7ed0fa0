"""What was acknowledged is still there after SIGKILL and after a loss of power.

The loss of power is simulated: a library preloaded into the recording process
(``sync_trace.c``) notes each write, each sync and each acknowledgement in order, and
then everything the disk was not made to keep is cut away.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from evidence_samples import new_keep, noon, start_child, statement
from modelkeep.evidence import audit_log, open_keep

COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
traced = pytest.mark.skipif(
    sys.platform != "linux" or COMPILER is None,
    reason="tracing writes and syncs needs Linux and a C compiler",
)


def test_no_acknowledged_entry_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        root = keep.root
    chance = random.Random(0)
    acknowledged: set[str] = set()
    with start_child("nurse_recorders", root) as nursery:
        for life in range(50):
            # Two of them live long enough for the write-ahead log to be folded in.
            seconds = 0.4 if life % 25 == 24 else chance.uniform(0, 0.04)
            acknowledged |= acknowledged_before_death(nursery, seconds)
            with open_keep(root, clock=noon) as keep:
                assert acknowledged <= {found.statement_id for found in keep.store.entries()}
                assert audit_log(keep) == []
                (receipt,) = keep.record([statement("bom")])
                acknowledged.add(receipt.statement_id)
    assert len(acknowledged) > 100


def acknowledged_before_death(nursery: subprocess.Popen[str], seconds: float) -> set[str]:
    """Let a recorder live for a while, kill it, and return the ids it acknowledged."""
    assert nursery.stdin
    assert nursery.stdout
    nursery.stdin.write("go\n")
    nursery.stdin.flush()
    lines: list[str] = []
    while not (line := nursery.stdout.readline()).startswith("pid "):
        lines.append(line)
    time.sleep(seconds)
    os.kill(int(line.removeprefix("pid ")), signal.SIGKILL)
    while (line := nursery.stdout.readline()) != "dead\n":
        lines.append(line)
    return {line.strip() for line in lines}


@dataclass(frozen=True, slots=True)
class Call:
    """One line of the trace: ``W``rite, ``S``ync or ``A``cknowledgement."""

    kind: str
    path: str = ""
    end: int = 0


@dataclass(frozen=True, slots=True)
class Run:
    """What a traced child did and left behind."""

    root: Path
    calls: list[Call]
    acknowledged: list[str]

    def wal(self, acknowledgements: int) -> tuple[int, int]:
        """Length of the write-ahead log as written and as synced before the n-th of them."""
        written = synced = 0
        for call in self.calls:
            acknowledgements -= call.kind == "A"
            if not acknowledgements:
                break
            if call.path.endswith(".db-wal"):
                written = max(written, call.end)
                synced = written if call.kind == "S" else synced
        return written, synced


def parse(line: str) -> Call:
    kind, _, rest = line.partition(" ")
    if kind == "W":
        offset, length, path = rest.split(" ", 2)
        return Call(kind, path, int(offset) + int(length))
    return Call(kind, rest) if kind == "S" else Call(kind)


def trace(folder: Path, call: str, *arguments: object) -> Run:
    """Run a child under the shim."""
    shim, log = folder / "sync_trace.so", folder / "trace.txt"
    source = Path(__file__).with_name("sync_trace.c")
    compile_shim = [str(COMPILER), "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"]
    subprocess.run(compile_shim, check=True)
    root = folder / "project" / ".modelkeep"
    environment = {
        "LD_PRELOAD": str(shim),
        "SYNC_TRACE": str(log),
        "SYNC_TRACE_ROOT": str(folder / "project"),
    }
    child = start_child(call, root, *arguments, **environment)
    output, _ = child.communicate(timeout=60)
    assert child.returncode == 9, output
    calls = [parse(line) for line in log.read_text().splitlines()]
    return Run(root, calls, output.split())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("power")
    new_keep(folder / "project").close()
    return trace(folder, "record_and_die", 30)


@traced
def test_every_acknowledgement_follows_a_sync_of_all_that_was_written(run: Run) -> None:
    assert len(run.acknowledged) == sum(call.kind == "A" for call in run.calls) == 30
    lengths = [run.wal(number) for number in range(1, 31)]
    assert lengths == sorted(set(lengths))  # each entry did write
    for number, (written, synced) in enumerate(lengths, 1):
        assert written == synced, f"acknowledgement {number} came before its sync"


@traced
@pytest.mark.parametrize("tail", [0, 2_000, 9_000])
def test_no_acknowledged_entry_is_lost_with_what_was_not_synced(
    run: Run, tmp_path: Path, tail: int
) -> None:
    """The disk keeps what was synced and ``tail`` bytes of what came after."""
    assert not any(c.kind == "W" and c.path.endswith(".db") for c in run.calls)
    log = (run.root / "evidence.db-wal").read_bytes()
    for number in range(1, 31, 3):
        _, synced = run.wal(number)
        copy = tmp_path / str(number)
        shutil.copytree(run.root, copy, ignore=shutil.ignore_patterns("*.db-wal", "*.db-shm"))
        (copy / "evidence.db-wal").write_bytes(log[: synced + tail])
        with open_keep(copy, clock=noon) as keep:
            logged = [found.statement_id for found in keep.store.entries()]
            assert logged[:number] == run.acknowledged[:number]
            assert len(logged) == number
            assert audit_log(keep) == []
            assert keep.record([statement("bom")])[0].leaf_index == number


@traced
def test_nothing_a_keep_is_made_of_is_still_unwritten_at_its_first_acknowledgement(
    tmp_path: Path,
) -> None:
    """Without its keys and settings, an acknowledged entry could not be read any more."""
    (tmp_path / "project").mkdir()
    run = trace(tmp_path, "create_and_die")
    before = run.calls[: [call.kind for call in run.calls].index("A")]
    unwritten = set()
    for call in before:
        if call.kind == "W" and not call.path.endswith("-shm"):  # rebuilt when opened
            unwritten.add(call.path)
        unwritten.discard(call.path if call.kind == "S" else "")
    assert {Path(path).name for path in unwritten} == set()
    assert str(run.root.parent) in {call.path for call in before if call.kind == "S"}
