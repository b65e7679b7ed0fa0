"""What sealing, checking and verifying a table cost beside decoding it, and what is named.

Run it: ``python benchmarks/data_seal.py [--rows 1000000] [--peers DIR [--setup]]``; ``DIR``
holds an environment with pandera and polars, which ``--setup`` makes. Every measurement runs
in a process of its own: CPU seconds without imports, peak memory with them. The table has
ten columns and is Parquet with zstd. Tampering: five changed cells, three missing rows, four
extra ones, two repeated, and one column swapped between two rows. Planted faults: a negative
amount, an age of 130, a missing score, a kind that is none, and an id that occurs twice. The
reference for drift is a profile of the clean table.
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

import msgspec
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


SCHEMA = """
version = 1
columns.id = {type = "int", nulls = false, unique = true}
columns.age = {type = "int", low = 0, high = 120}
columns.amount = {type = "float", low = 0, high = 100000}
columns.rate = {type = "float"}
columns.score = {type = "float", nulls = false}
columns.count = {type = "int", low = 0, high = 1000}
columns.city = {type = "text"}
columns.kind = {type = "text", categories = ["a", "b", "c"]}
columns.flag = {type = "bool"}
columns.when = {type = "moment"}
"""
PEER = """
import json, sys, time
import pandera.polars as pa
import polars as pl
column, check = pa.Column, pa.Check
schema = pa.DataFrameSchema({
    "id": column(pl.Int64, unique=True),
    "age": column(pl.Int32, check.in_range(0, 120)),
    "amount": column(pl.Float64, check.in_range(0, 100000)),
    "rate": column(pl.Float32),
    "score": column(pl.Float64),
    "count": column(pl.Int64, check.in_range(0, 1000)),
    "city": column(pl.String),
    "kind": column(pl.String, check.isin(["a", "b", "c"])),
    "flag": column(pl.Boolean),
    "when": column(pl.Datetime("ms")),
})
read = pl.scan_parquet if sys.argv[2] == "lazy" else pl.read_parquet
before = time.process_time()
found = 0
try:
    out = schema.validate(read(sys.argv[1]), lazy=True)
    if sys.argv[2] == "lazy":
        out.collect()
except pa.errors.SchemaErrors as error:
    found = len(error.failure_cases)
spent = time.process_time() - before
peak = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
print(json.dumps({"cpu": spent, "peak": peak, "found": found}))
"""


def plant(path: Path, target: Path, rows: int) -> dict[str, list[int]]:
    """Copy the table with known faults; returns the row of each, by column."""
    step = rows // 10
    faults = {"amount": step, "age": 2 * step, "score": 3 * step, "kind": 4 * step}
    values = {"amount": -1.0, "age": 130, "score": None, "kind": "z"}
    table = pq.read_table(path)
    for name, row in faults.items():
        column = table.column(name)
        one = pa.chunked_array([pa.array([values[name]], column.type)])
        parts = [column[:row].chunks, one.chunks, column[row + 1 :].chunks]
        edited = pa.chunked_array([chunk for part in parts for chunk in part])
        table = table.set_column(table.schema.get_field_index(name), name, edited)
    ids = table.column("id").to_numpy().copy()
    ids[5 * step] = ids[17]
    table = table.set_column(0, "id", pa.array(ids))
    pq.write_table(table, target, compression="zstd")
    return {name: [row] for name, row in {**faults, "id": 5 * step}.items()}


def work(what: str, path: str, seal: str) -> None:
    """Do one thing in this process and print what it cost."""
    found: dict[str, list[int | None]] = {}
    jobs = (pipeline.seal_data, pipeline.verify_data)  # imports them
    keep = str(Path(seal).with_name("keep"))
    with tempfile.TemporaryDirectory() as name:  # imports everything that is used late
        tiny = Path(name) / "t.csv"
        tiny.write_text("a\n1\n")
        jobs[0](tiny, keep=f"{name}/keep")
    before = time.process_time()
    if what.startswith("decode"):
        with pq.ParquetFile(path, pre_buffer=what == "decode buffered") as file:
            for _ in file.iter_batches(batch_size=BLOCK):
                pass
    elif what == "seal":
        jobs[0](path, seal=seal, keep=keep)
    elif what in {"checks", "all"}:
        schema, profile = (str(Path(seal).with_name(n)) for n in ("s.toml", "p.json"))
        if what == "checks":
            report = pipeline.check_data(path, schema=schema, keep=keep)
        else:
            new = f"{seal}.all"
            report = jobs[0](path, seal=new, schema=schema, reference=profile, keep=keep).check
        for result in report.results:
            if result.verdict != "pass":
                found[result.columns[0]] = [row for _, row in result.rows]
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


def peer_python(folder: Path, *, make: bool) -> str:
    """The interpreter of the peers' environment."""
    python = folder / "bin" / "python"
    if make and not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        wanted = ["pandera[polars]", "polars", "numpy", "pandas"]
        subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    return str(python)


def peer(python: str, path: Path, mode: str) -> dict[str, object]:
    """Run pandera on polars in a process of its own."""
    run = subprocess.run([python, "-c", PEER, path, mode], check=True, capture_output=True)
    answer = json.loads(run.stdout)
    assert isinstance(answer, dict)  # noqa: S101 - as the script printed it
    return answer


def every_run(
    rows: int, peers: Path | None, *, setup: bool
) -> tuple[dict[str, dict[str, object]], tuple[dict[str, list[int]], dict[str, list[int]]]]:
    """Measure all jobs; also the rows that must be named, tampered and planted ones."""
    with tempfile.TemporaryDirectory() as name:
        path, other, seal = (Path(name).resolve() / n for n in ("d.parquet", "e.parquet", "s"))
        generate(path, rows)
        size = path.stat().st_size / 1e6
        print(f"{rows:,} rows x 10 columns, {size:,.0f} MB of Parquet")
        runs = {
            what: measured(what, path, seal)
            for what in ("decode buffered", "decode", "seal", "verify")
        }
        expected = tamper(path, other, rows)
        runs["locate"] = measured("verify", other, seal)
        (seal.with_name("s.toml")).write_text(SCHEMA)
        profile = msgspec.json.encode(pipeline.profile_data(path))
        seal.with_name("p.json").write_bytes(profile)
        planted = plant(path, other, rows)
        runs |= {what: measured(what, other, seal) for what in ("checks", "all")}
        if peers:
            python = peer_python(peers, make=setup)
            for mode in ("eager", "lazy"):
                runs[f"pandera {mode}"] = peer(python, other, mode)
    return runs, (expected, planted)


def printed(
    runs: dict[str, dict[str, object]],
    expected: dict[str, list[int]],
    planted: dict[str, list[int]],
) -> int:
    """Print the figures; returns 1 if a row was not named or a bound not kept."""
    # The cheaper way to decode is what everything else is compared with.
    decode = min(float(str(runs[what]["cpu"])) for what in ("decode buffered", "decode"))
    print(f"{'':<16}{'CPU s':>8}{'x decode':>10}{'peak MB':>9}")
    for what, run in runs.items():
        cpu, peak = float(str(run["cpu"])), float(str(run["peak"]))
        print(f"{what:<16}{cpu:>8.2f}{cpu / decode:>10.2f}{peak:>9.0f}")
    found = runs["locate"]["found"]
    exact = found == expected
    print(f"rows named exactly: {'yes' if exact else f'NO: {found}, expected {expected}'}")
    print(f"  {dict(Counter({kind: len(rows) for kind, rows in expected.items()}))}")
    ratio = float(str(runs["seal"]["cpu"])) / decode
    ours = [run for name, run in runs.items() if not name.startswith("pandera")]
    most = max(float(str(run["peak"])) for run in ours)
    print(f"target: seal at most {TARGET} x decode: {'kept' if ratio <= TARGET else 'MISSED'}")
    whole = float(str(runs["all"]["cpu"])) / decode
    seen = all(runs[what]["found"] == planted for what in ("checks", "all"))
    print(f"planted faults named exactly: {'yes' if seen else 'NO'}: {runs['all']['found']}")
    kept = "kept" if whole <= TARGET else "MISSED"
    print(f"target: check, seal and sketch at most {TARGET} x decode: {whole:.2f}, {kept}")
    if "pandera eager" in runs:
        eager, lazy = runs["pandera eager"], runs["pandera lazy"]
        times = float(str(eager["cpu"])) / float(str(runs["checks"]["cpu"]))
        kept = "kept" if times >= 2 else "MISSED"
        print(f"target: checks alone 2 x less CPU than pandera: {times:.2f} x less, {kept}")
        print(f"faults pandera names: {eager['found']}; on a lazy frame: {lazy['found']}")
    exact, ratio = exact and seen, max(ratio, whole)
    print(f"target: at most {MEMORY} MB: {'kept' if most <= MEMORY else 'MISSED'}")
    return 0 if exact and ratio <= TARGET and most <= MEMORY else 1


def main() -> int:
    """Print the figures; returns 1 if a row was not named or a bound not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--peers", type=Path)
    parser.add_argument("--setup", action="store_true")
    parser.add_argument("--work", nargs=3)
    given = parser.parse_args()
    if given.work:
        work(*given.work)
        return 0
    runs, wanted = every_run(given.rows, given.peers, setup=given.setup)
    return printed(runs, *wanted)


if __name__ == "__main__":
    sys.exit(main())
