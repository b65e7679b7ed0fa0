"""Worker processes that share the files of a run, each within limits of its own.

A worker is a fork, so it starts in milliseconds and needs nothing sent to it but numbers.
It is given files in bundles and answers each bundle at once. A reader that exhausts its
memory or processor time, or crashes, takes only its worker with it: the files of that
bundle are tried again one by one, and the one that does it again is INCONCLUSIVE.

Results travel as MessagePack with a schema, so what a subverted worker sends can at most
be a wrong result, never code.
"""

from __future__ import annotations

import functools
import gc
import math
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn

import msgspec

from modelkeep.core import ModelkeepError
from modelkeep.scan.plan import HELD, Outcome, Plan, unfinished

try:
    import resource
except ImportError:  # Windows has neither forks nor these limits
    resource = None  # type: ignore[assignment]  # checked by `can_fork`

_BUNDLE: Final = 16
_GRACE: Final = 10  # CPU seconds beyond the reader's own budget, which ends it gently
_PER_SECOND: Final = 50 << 20  # bytes that are hashed in a CPU second even on slow machines
_PIPE: Final = 1 << 20
_DONE, _AMOUNT, _FAILED = b"D", b"A", b"F"
ScanFile = Callable[[Plan, str, Callable[[int], None]], Outcome]
_ENCODER: Final = msgspec.msgpack.Encoder()
_DECODER: Final = msgspec.msgpack.Decoder(list[Outcome])


def can_fork() -> bool:
    """Whether workers can be started here: a fork is safe where no other thread runs."""
    return resource is not None and hasattr(os, "fork") and threading.active_count() == 1


def run_in_workers(
    plan: Plan,
    scan_file: ScanFile,
    count: int,
    on_file: Callable[[str], None],
    on_bytes: Callable[[int], None],
) -> Iterator[Outcome]:
    """Scan every file of a plan in worker processes; yields in manifest order.

    Args:
        plan: what to do with each file.
        scan_file: does it, in the worker.
        count: how many workers.
        on_file: called with a file's name when its result is there.
        on_bytes: called with the number of bytes dealt with.
    """
    crew = _Crew(plan, scan_file, count, on_bytes)
    ready: dict[int, Outcome] = {}
    try:
        for index in range(len(plan.artifact.files)):
            while index not in ready:
                ready.update(crew.wait())
            outcome = ready.pop(index)
            on_file(outcome.result.path)
            if outcome.size <= HELD:  # a larger one was counted while it was read
                on_bytes(outcome.size)
            yield outcome
    finally:
        crew.stop()


@dataclass(slots=True)
class _Worker:
    """A running worker: its process, our ends of its pipes, and the bundle it works on."""

    pid: int
    orders: int
    answers: int
    bundle: list[int] = field(default_factory=list)
    buffer: bytearray = field(default_factory=bytearray)
    failure: str = ""


class _Crew:
    """All workers of a run, and the bundles that are still to be done."""

    def __init__(
        self, plan: Plan, scan_file: ScanFile, count: int, on_bytes: Callable[[int], None]
    ) -> None:
        self._plan, self._scan_file, self._on_bytes = plan, scan_file, on_bytes
        total = len(plan.artifact.files)
        size = max(1, min(_BUNDLE, total // (4 * count)))
        self._bundles = deque(
            list(range(start, min(start + size, total))) for start in range(0, total, size)
        )
        self._workers: dict[int, _Worker] = {}
        self._poll = select.poll()
        sys.stdout.flush()  # what is buffered belongs to this process alone
        sys.stderr.flush()
        for _ in range(min(count, len(self._bundles))):
            self._start()

    def wait(self) -> dict[int, Outcome]:
        """Wait for some worker to say something; returns the results it brought."""
        found: dict[int, Outcome] = {}
        for descriptor, _ in self._poll.poll():
            worker = self._workers[descriptor]
            data = os.read(descriptor, _PIPE)
            if data:
                worker.buffer += data
                found.update(self._hear(worker))
            else:
                found.update(self._bury(worker))
        return found

    def stop(self) -> None:
        """End every worker, also those in the middle of a file."""
        for worker in [*self._workers.values()]:
            with suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGKILL)
            self._forget(worker)

    def _start(self) -> None:
        orders, orders_in = os.pipe()
        answers, answers_out = os.pipe()
        pid = os.fork()
        if pid == 0:
            others = [orders_in, answers]
            others += [d for w in self._workers.values() for d in (w.orders, w.answers)]
            _work(self._plan, self._scan_file, orders, answers_out, others)
        os.close(orders)
        os.close(answers_out)
        worker = self._workers[answers] = _Worker(pid, orders_in, answers)
        self._poll.register(answers, select.POLLIN)
        self._give(worker)

    def _give(self, worker: _Worker) -> None:
        """Hand out the next bundle; without one the worker reads the end and goes."""
        if self._bundles:
            worker.bundle = self._bundles.popleft()
            os.write(worker.orders, _ENCODER.encode(worker.bundle))
        elif worker.orders >= 0:
            os.close(worker.orders)
            worker.orders = -1

    def _hear(self, worker: _Worker) -> dict[int, Outcome]:
        found: dict[int, Outcome] = {}
        head = 9
        while len(worker.buffer) >= head:
            end = head + int.from_bytes(worker.buffer[1:head], "big")
            if len(worker.buffer) < end:
                break
            kind, body = bytes(worker.buffer[:1]), bytes(worker.buffer[head:end])
            del worker.buffer[:end]
            if kind == _AMOUNT:
                self._on_bytes(int.from_bytes(body, "big"))
            elif kind == _FAILED:
                worker.failure = body.decode("utf-8", "replace")
            else:
                found.update(zip(worker.bundle, _DECODER.decode(body), strict=True))
                worker.bundle = []
                self._give(worker)
        return found

    def _bury(self, worker: _Worker) -> dict[int, Outcome]:
        """A worker is gone: because all is done, or because a file was too much for it."""
        status = self._forget(worker)
        bundle = worker.bundle
        found: dict[int, Outcome] = {}
        if len(bundle) == 1:
            name = self._plan.artifact.files[bundle[0]]
            reason = worker.failure or _last_words(status)
            found[bundle[0]] = unfinished(self._plan, name, reason)
        else:
            self._bundles.extendleft([index] for index in reversed(bundle))
        if self._bundles:
            self._start()
        return found

    def _forget(self, worker: _Worker) -> int:
        self._poll.unregister(worker.answers)
        del self._workers[worker.answers]
        os.close(worker.answers)
        if worker.orders >= 0:
            os.close(worker.orders)
        return os.waitpid(worker.pid, 0)[1]


def _last_words(status: int) -> str:
    """Why a worker ended, from its exit status."""
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGXCPU:
            return "the reader ran out of CPU time"
        return f"the reader was killed ({signal.Signals(number).name})"
    return f"the reader crashed (exit status {os.waitstatus_to_exitcode(status)})"


# What follows runs in the worker.


def _work(
    plan: Plan, scan_file: ScanFile, orders: int, answers: int, others: list[int]
) -> NoReturn:
    """Do one bundle after the other until there are none; whatever happens, end here.

    ``others`` are the ends of pipes that are not this worker's: while it held them open,
    nobody would notice that their owners have gone.
    """
    status = 1
    try:
        for descriptor in others:
            with suppress(OSError):
                os.close(descriptor)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        gc.freeze()  # what was there before the fork is nobody's garbage here
        _limit(plan)
        while order := os.read(orders, _PIPE):
            done = [
                _within_time(plan, scan_file, plan.artifact.files[index], answers)
                for index in msgspec.msgpack.decode(order, type=list[int])
            ]
            _send(answers, _DONE, _ENCODER.encode(done))
        status = 0
    finally:
        error = sys.exc_info()[1]
        if error is not None:
            said = error.message if isinstance(error, ModelkeepError) else str(error)
            text = f"the reader crashed ({type(error).__name__}: {said})"
            if isinstance(error, MemoryError):
                text = "the reader ran out of memory"
            _send(answers, _FAILED, text.encode("utf-8", "replace"))
        os._exit(status)


def _limit(plan: Plan) -> None:
    """Memory beyond what is used now, no bytes into files, few open files, no core dumps."""
    limits = [
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
    ]
    used = _address_space()
    if used is not None:
        limits.append((resource.RLIMIT_AS, used + plan.limits.memory_bytes))
    for kind, most in limits:
        hard = resource.getrlimit(kind)[1]
        soft = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (soft, hard))


def _address_space() -> int | None:
    """Bytes mapped now, where the system says so."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    except OSError:
        return None
    return pages * resource.getpagesize()


def _within_time(plan: Plan, scan_file: ScanFile, name: str, answers: int) -> Outcome:
    """Scan a file with a fresh allowance of processor time."""
    size = os.stat(plan.artifact.locate(name)).st_size  # noqa: PTH116 - thousands of times
    allowance = plan.limits.seconds + _GRACE + size / _PER_SECOND
    _allow(math.ceil(time.process_time() + allowance))

    def tell(count: int) -> None:
        if size > HELD:
            _send(answers, _AMOUNT, count.to_bytes(8, "big"))

    return scan_file(plan, name, tell)


@functools.lru_cache(maxsize=1)
def _allow(end: int) -> None:
    """End the process at a second of its CPU time; setting the same again costs nothing."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    soft = end if hard == resource.RLIM_INFINITY else min(end, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _send(answers: int, kind: bytes, body: bytes) -> None:
    rest = memoryview(kind + len(body).to_bytes(8, "big") + body)
    while rest:
        rest = rest[os.write(answers, rest) :]
