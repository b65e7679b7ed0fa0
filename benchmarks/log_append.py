"""What the transparency log costs: appends, proofs, checkpoints, and commits to disk.

Run it: ``python benchmarks/log_append.py [LEAVES]``. Trees are measured in CPU time without
input or output; commits in wall time on the disk of the temporary directory. Figures are
printed as they are.
"""

from __future__ import annotations

import os
import platform
import random
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ed25519

from modelkeep.core import EvidenceError
from modelkeep.evidence import Entry, Store, statement_id
from modelkeep.evidence.checkpoint import (
    Checkpoint,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)
from modelkeep.evidence.merkle import (
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from modelkeep.evidence.store_opening import open_store

TARGET = 10.0  # CPU microseconds per appended leaf
SAMPLES = 2_000
ENVELOPE = 1_000  # bytes, about what a signed scan has
KEY = ed25519.Ed25519PrivateKey.generate()
ORIGIN = "modelkeep/benchmark"


def show(what: str, figure: float, unit: str, note: str = "") -> None:
    """Print one figure."""
    print(f"{what:<44} {figure:>12,.2f} {unit}{'  ' + note if note else ''}")


def cpu(work: Callable[[int], object], times: int) -> float:
    """CPU microseconds of one call, over many."""
    start = time.process_time()
    for number in range(times):
        work(number)
    return (time.process_time() - start) / times * 1e6


def sign(size: int, root: bytes) -> str:
    """A checkpoint of the benchmark's log."""
    return sign_checkpoint(Checkpoint(ORIGIN, size, root), KEY)


def measure_tree(leaves: int) -> None:
    """Appends, proofs and their verification at this many leaves."""
    frontier = Frontier()
    leaf = leaf_hash(b"x" * ENVELOPE)
    cost = cpu(lambda _: frontier.append(leaf), leaves)
    verdict = "within" if cost <= TARGET else "MISSED"
    show("Frontier.append, per leaf", cost, "us CPU", f"target {TARGET:g}: {verdict}")
    show(
        "leaf_hash of an envelope", cpu(lambda _: leaf_hash(b"x" * ENVELOPE), 100_000), "us CPU"
    )

    nodes: dict[tuple[int, int], bytes] = {}
    frontier = Frontier()
    for number in range(leaves):
        for level, at, value in frontier.append(number.to_bytes(32)):
            nodes[level, at] = value
    root = frontier.root()
    show("Frontier.root", cpu(lambda _: frontier.root(), SAMPLES), "us CPU")

    def lookup(level: int, at: int) -> bytes:
        return nodes[level, at]

    chance = random.Random(0)  # noqa: S311 - indices to measure, not secrets
    places = [chance.randrange(leaves) for _ in range(SAMPLES)]
    proofs = [inclusion_proof(place, leaves, lookup) for place in places]
    show(
        "inclusion proof, made",
        cpu(lambda n: inclusion_proof(places[n], leaves, lookup), SAMPLES),
        "us CPU",
        f"{sum(map(len, proofs)) / SAMPLES:.1f} hashes",
    )
    show(
        "inclusion proof, verified",
        cpu(
            lambda n: verify_inclusion(
                places[n].to_bytes(32), places[n], leaves, proofs[n], root
            ),
            SAMPLES,
        ),
        "us CPU",
    )
    proofs = [consistency_proof(place + 1, leaves, lookup) for place in places]
    roots = [Frontier.load(place + 1, lookup).root() for place in places]
    show(
        "consistency proof, made",
        cpu(lambda n: consistency_proof(places[n] + 1, leaves, lookup), SAMPLES),
        "us CPU",
        f"{sum(map(len, proofs)) / SAMPLES:.1f} hashes",
    )
    show(
        "consistency proof, verified",
        cpu(
            lambda n: verify_consistency(places[n] + 1, leaves, proofs[n], roots[n], root),
            SAMPLES,
        ),
        "us CPU",
    )
    note, vkey = sign(leaves, root), verifier_key(ORIGIN, KEY.public_key())
    show("checkpoint, signed", cpu(lambda _: sign(leaves, root), SAMPLES), "us CPU")
    try:
        cost = cpu(lambda _: verify_checkpoint(note, vkey), SAMPLES)
    except EvidenceError as error:
        print(f"checkpoint, verified: not measured ({error})")
    else:
        show("checkpoint, verified", cost, "us CPU")


def entries(count: int) -> list[Entry]:
    """Entries of the size of a scan, each different."""
    bodies = [os.urandom(ENVELOPE) for _ in range(count)]
    return [
        Entry(statement_id(body), "ab" * 32, "urn:x", "2026-11-22", "2026-12-22", body)
        for body in bodies
    ]


def measure_store(folder: Path, batch: int, commits: int, threads: int = 1) -> None:
    """Durable appends in a second, this many entries to a commit."""
    store: Store = open_store(folder / f"{batch}-{threads}.db", sign)
    batches = [entries(batch) for _ in range(commits)]
    wall, work = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(store.append, batches))
    wall, work = time.perf_counter() - wall, time.process_time() - work
    count = batch * commits
    show(
        f"appends to disk, batch {batch}, {threads} thread{'s'[: threads > 1]}",
        count / wall,
        "per s",
        f"{work / count * 1e6:.0f} us CPU each, {len(store.checkpoints())} commits",
    )
    store.close()


def main() -> None:
    """Measure everything."""
    leaves = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    processor = platform.processor() or platform.machine()
    print(f"{processor}, {os.cpu_count()} cores, {platform.system()}, Python ", end="")
    print(f"{platform.python_version()}, {leaves:,} leaves")
    measure_tree(leaves)
    with tempfile.TemporaryDirectory() as folder:
        measure_store(Path(folder), 1, 500)
        measure_store(Path(folder), 10, 200)
        measure_store(Path(folder), 100, 50)
        measure_store(Path(folder), 1, 500, threads=8)


if __name__ == "__main__":
    main()
