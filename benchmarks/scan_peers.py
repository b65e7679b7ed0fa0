"""Scan the same inputs with picklescan, modelscan, fickling, modelaudit and Modelkeep.

Nothing is installed unless asked: ``--setup DIR`` makes one environment for each peer in DIR
(``python -m venv`` and ``pip install``, pinned), and the benchmark then uses them::

    python benchmarks/scan_peers.py --setup DIR
    python benchmarks/scan_peers.py --peers DIR [--only corpus pickle many safetensors memo]

Parts: ``corpus`` (the development corpus: detection, false alarms, errors), ``pickle``
(203 MB, 4.8 M opcodes), ``many`` (5,000 small pickles, wall time, ours by the command line),
``safetensors`` (2 GiB, ours validates and hashes), ``memo`` (a memo-heavy dict of 96 k opcodes
at sizes 1, 2, 4, 8: is the time linear?).
Each tool runs in a process of its own and is killed at its limit of CPU time; CPU time and the
peak of memory are those of that process and its children. No telemetry is sent.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import json
import multiprocessing
import os
import pickle  # noqa: TID251 - large inputs are written, never loaded
import pickletools
import resource
import struct
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))
WORKER: Final = Path(__file__).with_name("peer_worker.py")
PEERS: Final = {
    "picklescan": ("picklescan==1.0.5",),
    "modelscan": ("modelscan==0.8.8",),
    "fickling": ("fickling==0.1.12", "typing_extensions"),
    "modelaudit": ("modelaudit==0.2.54",),
}
QUIET: Final = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "NO_ANALYTICS": "1", "DO_NOT_TRACK": "1"}
OURS: Final = "modelkeep"
CLI: Final = ("-m", "modelkeep", "scan", "--no-cache")


@dataclasses.dataclass(frozen=True, slots=True)
class Cost:
    """What a process took."""

    wall: float
    cpu: float
    megabytes: float
    status: int
    rows: tuple[dict[str, object], ...] = ()

    def __str__(self) -> str:
        """One line of figures."""
        killed = "" if self.status == 0 else f"  status {self.status} (killed at its limit?)"
        return f"{self.cpu:8.2f} CPU s {self.wall:8.2f} wall s {self.megabytes:8.0f} MB{killed}"


def run(command: Sequence[str], limit: float) -> Cost:
    """Run a command and measure it with everything it starts."""

    def bound() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (int(limit), resource.RLIM_INFINITY))

    start = time.perf_counter()
    child = subprocess.Popen(
        command,
        env={**os.environ, **QUIET, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=bound,  # noqa: PLW1509 - one thread here
    )
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - start
    cpu = used.ru_utime + used.ru_stime
    return Cost(wall, cpu, used.ru_maxrss / 1024, child.returncode)


def scan(tool: str, python: str, paths: Sequence[Path], limit: float) -> Cost:
    """Scan paths with one tool."""
    with tempfile.TemporaryDirectory() as folder:
        listed, results = Path(folder, "paths.json"), Path(folder, "results.jsonl")
        listed.write_text(json.dumps([str(path) for path in paths]))
        cost = run([python, str(WORKER), tool, str(listed), str(results)], limit)
        lines = results.read_text().splitlines() if results.exists() else []
    rows = tuple(json.loads(line) for line in lines if line.endswith("}"))
    return dataclasses.replace(cost, rows=rows)


def show(title: str, costs: dict[str, Cost]) -> None:
    """Print what each tool took, and how many times as much as ours."""
    print(f"\n{title}")
    ours = costs.get(OURS)
    for tool, cost in costs.items():
        ratio = f"  {cost.cpu / ours.cpu:7.1f} x ours" if ours and ours.cpu else ""
        errors = sum(row["error"] is not None for row in cost.rows)
        flagged = sum(bool(row["flagged"]) for row in cost.rows)
        print(
            f"  {tool:11s} {cost}{ratio}  "
            f"{len(cost.rows)} done, {flagged} flagged, {errors} errors"
        )


# The parts


def corpus(tools: dict[str, str], folder: Path, limit: float) -> None:
    """Detection and false alarms on the development corpus, per tool and group."""
    from corpus import benign, build  # noqa: PLC0415 - only this part needs the corpus

    samples = [*build.samples().values(), *benign.samples().values()]
    expected = {str(sample.write(folder)): sample for sample in samples}
    costs = {
        tool: scan(tool, python, [Path(path) for path in expected], max(limit, 900))
        for tool, python in tools.items()
    }
    show(f"corpus: {len(samples)} samples", costs)
    groups = sorted({sample.group for sample in samples})
    print(f"\n  {'flagged of malicious':22s}" + "".join(f"{tool:>14s}" for tool in tools))
    for verdict in ("fail", "pass"):
        print("" if verdict == "fail" else "\n  flagged of benign (false alarms)")
        for group in [*groups, "ALL"]:
            cells = []
            for cost in costs.values():
                rows = [
                    bool(row["flagged"])
                    for row in cost.rows
                    for sample in [expected[str(row["path"])]]
                    if sample.verdict == verdict and group in {sample.group, "ALL"}
                ]
                cells.append(f"{sum(rows):5d}/{len(rows):<4d}{_share(rows)}" if rows else "")
            if any(cells):
                print(f"  {group:22s}" + "".join(f"{cell:>14s}" for cell in cells))


def _share(rows: list[bool]) -> str:
    return f"{100 * sum(rows) / len(rows):4.0f}%"


def in_child(write: Callable[..., int], *arguments: object) -> int:
    """Write an input in another process: a child's peak of memory starts with its parent's."""
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, spawn) as pool:
        return pool.submit(write, *arguments).result()


def write_records(path: Path) -> int:
    """Records of texts, integers, floats and tuples; returns how many opcodes they take."""
    rows = [
        {
            "id": n,
            "name": f"record-{n:06d}-" + "x" * 606,
            "scores": (n / 7, n / 3),
            "tag": n % 50,
        }
        for n in range(300_000)
    ]
    path.write_bytes(pickle.dumps(rows, 2))
    return sum(1 for _ in pickletools.genops(path.read_bytes()))


def write_words(path: Path, times: int) -> int:
    """A dict whose keys and values all go through the memo; returns its opcodes."""
    words = {f"key-{n}": (f"value-{n % 97}", [f"value-{n % 89}"]) for n in range(8_700 * times)}
    path.write_bytes(pickle.dumps(words, 4))
    return sum(1 for _ in pickletools.genops(path.read_bytes()))


def big_pickle(tools: dict[str, str], folder: Path, limit: float) -> None:
    """203 MB of records, 4.8 M opcodes."""
    path = folder / "records.pkl"
    count = in_child(write_records, path)
    title = f"pickle: {path.stat().st_size / 1e6:.0f} MB, {count / 1e6:.2f} M opcodes"
    show(title, {tool: scan(tool, python, [path], limit) for tool, python in tools.items()})


def many(tools: dict[str, str], folder: Path, limit: float) -> None:
    """5,000 pickles of one array each; ours by the command line, on all cores."""
    import numpy as np  # noqa: PLC0415 - only this part needs it

    for number in range(5000):
        array = np.arange(20.0) + number
        (folder / f"m{number:04d}.pkl").write_bytes(pickle.dumps(array, 4))
    costs = {tool: scan(tool, python, [folder], limit) for tool, python in tools.items()}
    if OURS in tools:
        costs["ours (CLI)"] = run([tools[OURS], *CLI, str(folder)], limit)
    show("many: 5,000 pickles, wall time on all cores", costs)


def safetensors(tools: dict[str, str], folder: Path, limit: float) -> None:
    """2 GiB in 64 tensors; ours validates and hashes (blake3)."""
    path = folder / "model.safetensors"
    each = (2 << 30) // 64
    header = {
        f"layer.{n}": {
            "dtype": "F16",
            "shape": [each // 2],
            "data_offsets": [n * each, (n + 1) * each],
        }
        for n in range(64)
    }
    text = json.dumps(header).encode()
    with path.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        out.truncate(8 + len(text) + (2 << 30))
    with path.open("rb") as warm:  # the scan is measured, not the disk
        while warm.read(1 << 22):
            pass
    costs = {
        tool: scan(tool, python, [path], limit)
        for tool, python in tools.items()
        if tool != OURS
    }
    if OURS in tools:
        costs[OURS] = run([tools[OURS], *CLI, str(path)], limit)
    show("safetensors: 2 GiB, ours by the command line with blake3", costs)


def memo(tools: dict[str, str], folder: Path, limit: float) -> None:
    """A memo-heavy dict at four sizes: is the time linear?"""
    for times in (1, 2, 4, 8):
        path = folder / f"memo-{times}.pkl"
        count = in_child(write_words, path, times)
        costs = {tool: scan(tool, python, [path], limit) for tool, python in tools.items()}
        show(f"memo x{times}: {count / 1000:.0f} k opcodes", costs)


# The corpus comes last: a child's peak counts that of this process when it was started.
PARTS: Final[dict[str, Callable[[dict[str, str], Path, float], None]]] = {
    "pickle": big_pickle,
    "many": many,
    "safetensors": safetensors,
    "memo": memo,
    "corpus": corpus,
}


def setup(folder: Path) -> None:
    """Make the environments of the peers."""
    for peer, requirements in PEERS.items():
        venv.create(folder / peer, with_pip=True)
        pip = [
            str(folder / peer / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "-q",
            *requirements,
        ]
        subprocess.run(pip, check=True)


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--setup", type=Path, help="make the environments of the peers here")
    parser.add_argument("--peers", type=Path, help="where the environments of the peers are")
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--tools", nargs="+", choices=[*PEERS, OURS], default=[*PEERS, OURS])
    parser.add_argument("--limit", type=float, default=90, help="CPU seconds per tool and part")
    options = parser.parse_args()
    if options.setup:
        setup(options.setup)
        return 0
    tools = {
        tool: str(options.peers / tool / "bin" / "python")
        for tool in PEERS
        if options.peers and tool in options.tools
    }
    if OURS in options.tools:
        tools[OURS] = sys.executable
    for part in options.only:
        with tempfile.TemporaryDirectory() as made:
            PARTS[part](tools, Path(made), options.limit)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
