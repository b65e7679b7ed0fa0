"""Behind the lock: reading libraries works, everything that reaches out is refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import ctypes, json, os, socket, sys, tempfile, threading
import email.utils
from modelkeep.models.confined_child import readable
from modelkeep.models.confinement import confine
held = confine(memory=4 << 30, seconds=20, readable=readable())
def attempt(what):
    try:
        what()
    except BaseException as error:
        return type(error).__name__
    return "done"
def thread():
    worker = threading.Thread(target=lambda: None)
    worker.start(); worker.join()
target = sys.argv[1]
secret = sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
def refuse(result):
    if result != 0:
        raise PermissionError
print(json.dumps({
    "held": [held.seccomp, held.landlock],
    "program": attempt(lambda: os.execv("/bin/true", ["true"])),
    "shell": attempt(lambda: refuse(os.system("true"))),
    "fork": attempt(os.fork),
    "spawn": attempt(lambda: os.posix_spawn("/bin/true", ["true"], {})),
    "socket": attempt(socket.socket),
    "kill": attempt(lambda: os.kill(os.getppid(), 0)),
    "write": attempt(lambda: open(target, "w")),
    "append": attempt(lambda: os.open(secret, os.O_WRONLY | os.O_APPEND)),
    "remove": attempt(lambda: os.unlink(secret)),
    "rename": attempt(lambda: os.rename(secret, target)),
    "directory": attempt(lambda: os.mkdir(target)),
    "memfd": attempt(lambda: os.memfd_create("x")),
    "secret": attempt(lambda: open(secret).read()),
    "memory": attempt(lambda: bytearray(8 << 30)),
    "thread": attempt(thread),
    "library": attempt(lambda: __import__("colorsys")),
}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="seccomp and Landlock are Linux's")
def test_what_reaches_out_is_refused(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    done = subprocess.run(
        [sys.executable, "-c", PROBE, tmp_path / "made", secret],
        capture_output=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    found = json.loads(done.stdout)
    seccomp, landlock = found.pop("held")
    if not seccomp:
        pytest.skip("this kernel has no seccomp")
    open_to_reading = {name: found.pop(name) for name in ("thread", "library")}
    assert open_to_reading == dict.fromkeys(open_to_reading, "done")
    assert found.pop("memory") == "MemoryError"
    if not landlock:
        assert found.pop("secret") == "done"
    assert found == dict.fromkeys(found, "PermissionError")
    assert secret.read_text() == "x"
    assert not (tmp_path / "made").exists()
