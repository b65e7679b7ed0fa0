"""The process that loads what only unpickling or a native parser can load.

It imports the libraries, locks itself in (``confinement``), and only then receives the
bytes. It answers ``predict`` with plain arrays, or hands its arrays back; whatever goes wrong
becomes a sentence. Started by ``confined``; never imported by anything else.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import IO, Any, Final

import numpy as np

from modelkeep.core import ModelkeepError
from modelkeep.models import child_loaders, frames
from modelkeep.models.confinement import confine

Predict = Callable[[np.ndarray], np.ndarray]
_SYSTEM: Final = tuple(
    """
    /lib /lib64 /usr/lib /dev/null /dev/urandom /proc/self /proc/cpuinfo /proc/meminfo
    /sys/devices/system/cpu /sys/fs/cgroup /etc/localtime /usr/share/zoneinfo
    """.split()
)


def readable() -> tuple[str, ...]:
    """Where libraries lie, so that one imported late is still found."""
    roots = {sys.prefix, sys.base_prefix, sys.exec_prefix, *(p for p in sys.path if p)}
    return (*sorted(roots), *_SYSTEM)


def main() -> int:
    """Serve one parent on standard input and output until it hangs up."""
    inward, outward = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not pass for an answer
    try:
        says, arrays = frames.receive(inward)
        _serve(says, arrays, inward, outward)
    except (frames.ClosedError, BrokenPipeError):
        return 0
    return 0


def _serve(
    says: Mapping[str, Any],
    arrays: dict[str, np.ndarray],
    inward: IO[bytes],
    outward: IO[bytes],
) -> None:
    """Load, then answer; the model's bytes are only touched behind the lock."""
    data = arrays.pop("data").tobytes()
    try:
        kind = child_loaders.LOADERS[says["kind"]]
        kind.prepare(data)
        held = confine(memory=says["memory"], seconds=says["seconds"], readable=readable())
        loaded = kind.load(data)
    except Exception as error:  # noqa: BLE001 - the edge of a process: it must not die silently
        frames.send(outward, _failure(error))
        return
    answer = {"seccomp": held.seccomp, "landlock": held.landlock, **loaded.says}
    frames.send(outward, answer, loaded.arrays)
    while loaded.predict is not None:
        _, rows = frames.receive(inward)
        try:
            scores = np.asarray(loaded.predict(rows["rows"]))
            frames.send(outward, {}, {"scores": scores})
        except Exception as error:  # noqa: BLE001 - as above
            frames.send(outward, _failure(error))


def _failure(error: Exception) -> dict[str, Any]:
    if isinstance(error, ModelkeepError):
        return {"error": error.message, "hint": error.hint}
    return {"error": f"{type(error).__name__}: {error}"[:2000]}


if __name__ == "__main__":
    sys.exit(main())
