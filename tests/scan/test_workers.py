"""Workers: the same results in the same order; a file that is too much costs only itself."""

from __future__ import annotations

import faulthandler
import os
import re
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelkeep.core import Finding, Rule, Verdict
from modelkeep.formats import Limits
from modelkeep.scan import BUILT_IN, Context, Detector, ScanResult, scan_artifact
from modelkeep.scan.plan import HELD
from modelkeep.scan.workers import can_fork
from modelkeep.sources import Hashing, digest_bytes, open_artifact
from samples import VALID, bomb

RULE = Rule(id="OWN001", name="own", summary="s.", remedy="r.", topic="artifact.malicious_code")


def tree(folder: Path, count: int = 40) -> Path:
    kinds = [VALID["pickle4"], bomb(), VALID["zip"], b"text\n", VALID["npy"][:-1], b""]
    for number in range(count):
        (folder / f"{number:03}.bin").write_bytes(kinds[number % len(kinds)])
    return folder


def scan(folder: Path, *own: Detector, workers: int = 2, **more: object) -> ScanResult:
    return scan_artifact(
        open_artifact(folder),
        (*BUILT_IN, *own),
        workers=workers,
        **more,  # type: ignore[arg-type]
    )


def doing(name: str, act: object) -> Detector:
    """A rule that does something to its own process when it meets a file of a name."""

    def run(context: Context) -> Iterator[Finding]:
        if context.location.path == name:
            act()  # type: ignore[operator]
        return iter(())

    return Detector(RULE, frozenset({"pickle", "zip", "text"}), run)


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_workers_find_what_one_process_finds_in_the_same_order(
    tmp_path: Path, workers: int
) -> None:
    folder = tree(tmp_path)
    alone = scan(folder, workers=0, hashing=Hashing.BOTH)
    assert scan(folder, workers=workers, hashing=Hashing.BOTH) == alone
    assert {file.verdict for file in alone.files} == set(Verdict)


def test_more_workers_than_files_are_not_started(tmp_path: Path) -> None:
    assert scan(tree(tmp_path, 2), workers=8) == scan(tmp_path, workers=0)


def test_names_and_bytes_are_told_as_results_come_in(tmp_path: Path) -> None:
    names: list[str] = []
    counts: list[int] = []
    result = scan(tree(tmp_path), on_file=names.append, on_bytes=counts.append)
    assert names == [file.path for file in result.files]
    assert sum(counts) == sum(path.stat().st_size for path in tmp_path.iterdir())


def test_a_large_file_is_counted_while_it_is_read(tmp_path: Path) -> None:
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(HELD + 9_000_000)
    counts: list[int] = []
    result = scan(tmp_path, on_bytes=counts.append, hashing=Hashing.FAST)
    assert sum(counts) == HELD + 9_000_000
    assert len(counts) > 10
    assert result.digests[0].size == HELD + 9_000_000
    serial = scan(tmp_path, workers=0, hashing=Hashing.FAST)
    assert serial.digests == result.digests


def spend_memory() -> None:
    _ = [bytearray(1 << 20) for _ in range(1 << 20)]


def spend_time() -> None:
    while True:
        pass


def write_something() -> None:
    Path("/tmp/modelkeep-worker").write_bytes(b"x")


def crash() -> None:
    faulthandler.disable()  # which would print where, as pytest wants it to
    os.kill(os.getpid(), signal.SIGSEGV)


ENDS = {
    "memory": (spend_memory, "ran out of memory"),
    "killed": (lambda: os.kill(os.getpid(), signal.SIGKILL), r"was killed \(SIGKILL\)"),
    "segfault": (crash, r"was killed \(SIGSEGV\)"),
    "exit": (lambda: os._exit(3), "crashed .exit status 3."),
    "error": (lambda: 1 / 0, "internal error: ZeroDivisionError"),
    "writing": (write_something, "OSError: .*File too large"),
}


@pytest.mark.parametrize("end", ENDS)
def test_a_file_that_is_too_much_is_inconclusive_and_the_rest_goes_on(
    tmp_path: Path, end: str
) -> None:
    act, reason = ENDS[end]
    folder = tree(tmp_path)
    before = scan(folder, workers=0, hashing=Hashing.BOTH)
    result = scan(
        folder,
        doing("006.bin", act),
        hashing=Hashing.BOTH,
        limits=Limits(memory_bytes=1 << 29),
    )
    stuck = result.files[6]
    assert (stuck.path, stuck.verdict) == ("006.bin", Verdict.INCONCLUSIVE)
    assert re.search(reason, stuck.reason), stuck.reason
    assert result.files[:6] == before.files[:6]
    assert result.files[7:] == before.files[7:]
    assert result.digests == before.digests, "its bytes are hashed all the same"
    lost = "internal error" not in stuck.reason  # else its streams were seen
    assert result.unread == before.unread + lost


def test_a_reader_that_never_ends_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["modelkeep.scan.workers"], "_GRACE", 0)
    folder = tree(tmp_path, 3)
    started = time.monotonic()
    result = scan(folder, doing("000.bin", spend_time), limits=Limits(seconds=0.2))
    assert result.files[0].verdict is Verdict.INCONCLUSIVE
    assert "CPU time" in result.files[0].reason
    assert time.monotonic() - started < 20


def test_several_files_that_are_too_much_are_each_named(tmp_path: Path) -> None:
    folder = tree(tmp_path)
    hit = {"000.bin", "006.bin", "012.bin", "036.bin"}

    def run(context: Context) -> Iterator[Finding]:
        if context.location.path in hit:
            os._exit(9)
        return iter(())

    result = scan(folder, Detector(RULE, frozenset({"pickle"}), run), workers=3)
    stuck = {file.path for file in result.files if "exit status 9" in file.reason}
    assert stuck == hit


def test_limits_hold_in_the_worker_and_not_here(tmp_path: Path) -> None:
    before = {
        kind: resource.getrlimit(kind) for kind in (resource.RLIMIT_AS, resource.RLIMIT_CPU)
    }
    scan(tree(tmp_path))
    assert before == {kind: resource.getrlimit(kind) for kind in before}


def test_a_file_that_is_gone_is_inconclusive(tmp_path: Path) -> None:
    artifact = open_artifact(tree(tmp_path))
    (tmp_path / "003.bin").unlink()
    for workers in (0, 2):
        result = scan_artifact(artifact, BUILT_IN, workers=workers)
        assert result.files[3].verdict is Verdict.INCONCLUSIVE
        assert "No such file" in result.files[3].reason


def test_no_worker_outlives_a_run_that_is_given_up(tmp_path: Path) -> None:
    class GivenUpError(Exception):
        """Raised by whoever listens."""

    def stop(_: str) -> None:
        raise GivenUpError

    with pytest.raises(GivenUpError):
        scan(tree(tmp_path), on_file=stop)
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_nothing_is_forked_beside_another_thread(tmp_path: Path) -> None:
    assert can_fork()
    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()
    try:
        assert not can_fork()
        assert scan(tree(tmp_path, 3)).files[1].verdict is Verdict.FAIL
    finally:
        done.set()
        other.join()


def test_digest_of_a_worker_is_that_of_the_bytes(tmp_path: Path) -> None:
    result = scan(tree(tmp_path, 3), hashing=Hashing.FAST)
    assert result.digests[1].digest == digest_bytes(bomb(), Hashing.FAST)
    assert result.digests[1].digest.sha256 == ""
