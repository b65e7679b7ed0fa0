"""A promotion whose process dies or whose disk fills at one chosen call.

``nurse_promoters`` runs in a child under ``evidence/sync_trace.c``; a fork per promotion
saves importing everything anew for each of them.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from evidence_samples import say, start_child
from modelkeep import pipeline
from modelkeep.core import ModelkeepError

STRUCK: Final = 9
REFUSED: Final = 3


def _moving(stage: str) -> Callable[[], object]:
    def move() -> None:
        refused = pipeline.move_version("credit", stage, reason="next").refused
        if refused:
            raise AssertionError(refused)

    return move


STEPS: Final[dict[str, Callable[[], object]]] = {
    "registration": lambda: pipeline.register("model.onnx", "credit"),
    "candidate": _moving("candidate"),
    "first approval": lambda: pipeline.approve_version("credit", reason="x", key="bo.pem"),
    "second approval": lambda: pipeline.approve_version("credit", reason="x", key="cy.pem"),
    "approved": _moving("approved"),
    "deployed": _moving("deployed"),
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a promotion ended.

    Attributes:
        status: 0 done, ``STRUCK`` died, ``REFUSED`` one of our errors, else a bare one.
        reached: whether it came to the chosen call.
        error: name, message and hint of our error.
    """

    status: int
    reached: bool
    error: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Nursery:
    """The child, seen from the test."""

    process: subprocess.Popen[str]

    def promote(self, step: str, folder: Path, call: int, *, full: bool) -> Ended:
        """Take a step in ``folder`` until its n-th call."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([step, str(folder), call, full]) + "\n")
        self.process.stdin.flush()
        said: list[object] = [False]
        while not isinstance(line := json.loads(self.process.stdout.readline()), int):
            said = line
        return Ended(line, line == STRUCK or bool(said[0]), tuple(str(x) for x in said[1:]))


def start_nursery(shim: Path, root: Path) -> Nursery:
    """Start the child; faults strike in files under ``root`` only."""
    environment = {"LD_PRELOAD": str(shim), "SYNC_TRACE_ROOT": str(root)}
    return Nursery(start_child("nurse_promoters", module="fault_samples", **environment))


def nurse_promoters() -> None:
    """Child: per line of stdin, fork a promoter and say how it ended."""
    for line in sys.stdin:
        step, folder, call, full = json.loads(line)
        pid = os.fork()
        if not pid:
            _promote(step, folder, call, full=full)
        _, status = os.waitpid(pid, 0)
        say(json.dumps(os.waitstatus_to_exitcode(status)))


def _promote(step: str, folder: str, call: int, *, full: bool) -> None:
    shim, status, error = ctypes.CDLL(None), 0, ()
    try:
        os.chdir(folder)
        shim.sync_trace_arm(call, int(full))
        STEPS[step]()
    except ModelkeepError as found:
        status, error = REFUSED, (type(found).__name__, found.message, found.hint)
    except BaseException:  # noqa: BLE001 - told, then the process is gone
        traceback.print_exc()
        status = 1
    say(json.dumps([shim.sync_trace_left() < 0, *error]))
    os._exit(status)
