"""What sealing and verifying a table cost beside decoding it, and whether rows are named.

Run it: ``python benchmarks/data_seal.py [--rows 1000000]``. Every measurement runs in a
process of its own: CPU seconds without imports, peak memory with them. The table has ten
columns and is Parquet with zstd. Tampering: five changed cells, three missing rows, four
extra ones, two repeated, and one column swapped between two rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from modelkeep import pipeline
from modelkeep.data import BLOCK

TARGET = 2.5  # times the CPU of decoding
MEMORY = 700  # MB
PART = 500_000


def part(first: int, rows: int) -> pa.Table:
    """Ten columns: whole numbers, fractions, texts, a flag and a moment."""
    seed = np.random.default_rng(first)
    cities = pa.array([f"city {n}" for n in range(500)])
    return pa.table(
        {
            "id": np.arange(first, first + rows),
            "age": seed.integers(18, 90, rows).astype(np.int32),
            "amount": seed.gamma(2.0, 100.0, rows).round(2),
            "rate": seed.normal(size=rows).astype(np.float32),
            "score": seed.normal(size=rows),
            "count": seed.poisson(3, rows),
            "city": cities.take(pa.array(seed.integers(0, 500, rows))),
            "kind": pa.array(["a", "b", "c"]).take(pa.array(seed.integers(0, 3, rows))),
            "flag": seed.random(rows) < 0.2,
            "when": pa.array(seed.integers(0, 2**40, rows), pa.timestamp("ms")),
        }
    )


def generate(path: Path, rows: int) -> None:
    """Write the table in parts."""
    with pq.ParquetWriter(path, part(0, 1).schema, compression="zstd") as writer:
        for first in range(0, rows, PART):
            writer.write_table(part(first, min(PART, rows - first)), row_group_size=BLOCK * 2)


def tamper(path: Path, target: Path, rows: int) -> dict[str, list[int]]:
    """Copy the table with known edits; returns the rows that must be named, by kind."""
    step = rows // 20
    changed = [step * n for n in range(1, 6)]
    missing = [step * n + 7 for n in range(7, 10)]
    swap = [step * 11, step * 12]
    table = pq.read_table(path)
    score = table.column("score").to_numpy().copy()
    score[changed] = np.nextafter(score[changed], np.inf)
    score[swap] = score[swap[::-1]]
    table = table.set_column(4, "score", pa.array(score))
    keep = np.ones(rows, bool)
    keep[missing] = False
    edited = table.filter(pa.array(keep))
    edited = pa.concat_tables([edited, part(rows, 4), table.slice(step * 14, 2)])
    pq.write_table(edited, target, compression="zstd")
    last = rows - len(missing)
    return {
        "changed": changed + [row - len(missing) for row in swap],
        "missing": missing,
        "extra": list(range(last, last + 4)),
        "duplicated": [last + 4, last + 5],
    }


def work(what: str, path: str, seal: str) -> None:
    """Do one thing in this process and print what it cost."""
    found: dict[str, list[int | None]] = {}
    import pyarrow.compute  # noqa: F401, PLC0415 - not the cost of any of the jobs

    jobs = (pipeline.seal_data, pipeline.verify_data)  # imports them
    keep = str(Path(seal).with_name("keep"))
    before = time.process_time()
    if what == "decode":
        with pq.ParquetFile(path) as file:
            for _ in file.iter_batches(batch_size=BLOCK):
                pass
    elif what == "seal":
        jobs[0](path, seal=seal, keep=keep)
    else:
        for item in jobs[1](path, seal=seal, keep=keep).differences:
            found.setdefault(item.kind, []).append(item.row)
    spent = time.process_time() - before
    status = Path("/proc/self/status").read_text()  # `getrusage` counts the parent's peak too
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps({"cpu": spent, "peak": peak, "found": found}))


def measured(what: str, path: Path, seal: Path) -> dict[str, object]:
    """Run ``work`` in a process of its own."""
    run = subprocess.run(
        [sys.executable, __file__, "--work", what, str(path), str(seal)],
        check=True,
        capture_output=True,
    )
    answer = json.loads(run.stdout)
    assert isinstance(answer, dict)  # noqa: S101 - as `work` printed it
    return answer


def main() -> int:
    """Print the figures; returns 1 if a row was not named or a bound not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--work", nargs=3)
    given = parser.parse_args()
    if given.work:
        work(*given.work)
        return 0
    with tempfile.TemporaryDirectory() as name:
        path, other, seal = (Path(name).resolve() / n for n in ("d.parquet", "e.parquet", "s"))
        generate(path, given.rows)
        size = path.stat().st_size / 1e6
        print(f"{given.rows:,} rows x 10 columns, {size:,.0f} MB of Parquet")
        runs = {what: measured(what, path, seal) for what in ("decode", "seal", "verify")}
        expected = tamper(path, other, given.rows)
        runs["locate"] = measured("verify", other, seal)
    decode = float(str(runs["decode"]["cpu"]))
    print(f"{'':<10}{'CPU s':>8}{'x decode':>10}{'peak MB':>9}")
    for what, run in runs.items():
        cpu, peak = float(str(run["cpu"])), float(str(run["peak"]))
        print(f"{what:<10}{cpu:>8.2f}{cpu / decode:>10.2f}{peak:>9.0f}")
    found = runs["locate"]["found"]
    exact = found == expected
    print(f"rows named exactly: {'yes' if exact else f'NO: {found}, expected {expected}'}")
    print(f"  {dict(Counter({kind: len(rows) for kind, rows in expected.items()}))}")
    ratio = float(str(runs["seal"]["cpu"])) / decode
    most = max(float(str(run["peak"])) for run in runs.values())
    print(f"target: seal at most {TARGET} x decode: {'kept' if ratio <= TARGET else 'MISSED'}")
    print(f"target: at most {MEMORY} MB: {'kept' if most <= MEMORY else 'MISSED'}")
    return 0 if exact and ratio <= TARGET and most <= MEMORY else 1


if __name__ == "__main__":
    sys.exit(main())
