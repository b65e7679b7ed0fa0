"""Checking data sets of every format: rows named, nothing passed that was not checked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import data_samples as samples
from modelkeep import pipeline
from modelkeep.core import InputError, UsageError, Verdict
from modelkeep.evidence import audit_log, by_key, gather_facts, open_keep
from modelkeep.pipeline.data_checks import DataReport

TABLE = samples.table(3_000)
SCHEMA = """
version = 1
[columns.id]
type = "int"
nulls = false
unique = true
[columns.amount]
type = "float"
low = -50
high = 50
[columns.city]
pattern = "city [0-9]+"
[columns.label]
categories = ["no", "yes"]
[[rules]]
name = "late rows are small"
expression = "id < 2900 or amount < 40"
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("schema.toml").write_text(SCHEMA)


def rows(report: DataReport) -> dict[str, list[int]]:
    return {
        result.what: [row for _, row in result.rows]
        for result in report.results
        if result.verdict == "fail"
    }


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_every_planted_fault_is_named_with_its_row(suffix: str) -> None:
    path = samples.write(TABLE, Path(f"d.{suffix}"))
    assert pipeline.check_data(path, schema="schema.toml").verdict is Verdict.PASS
    bad = samples.replaced(TABLE, 7, "id", 8)
    bad = samples.replaced(bad, 2_950, "amount", 45.5)
    bad = samples.replaced(bad, 40, "amount", -51.0)
    bad = samples.replaced(bad, 50, "city", "town")
    bad = samples.replaced(bad, 60, "label", "maybe")
    report = pipeline.check_data(samples.write(bad, path), schema="schema.toml")
    assert report.verdict is Verdict.FAIL
    assert rows(report) == {
        "id is unique": [8],
        "amount lies in -50 to 50": [40],
        "city matches 'city [0-9]+'": [50],
        "label is one of 2 categories": [60],
        "late rows are small: id < 2900 or amount < 40": [2_950],
    }
    assert (report.rows, report.bad) == (3_000, 5)


def test_a_drafted_schema_passes_its_sample_and_arrays_are_checked() -> None:
    np.savez("d.npz", x=np.arange(20.0), y=np.arange(20) % 2)
    Path("own.toml").write_text(pipeline.draft_schema("d.npz"))
    assert pipeline.check_data("d.npz", schema="own.toml").verdict is Verdict.PASS
    np.savez("d.npz", x=np.arange(20.0), y=np.arange(20))
    report = pipeline.check_data("d.npz", schema="own.toml")
    assert rows(report) == {"y lies in 0 to 2": list(range(3, 20))}


def test_a_rule_that_cannot_run_is_inconclusive() -> None:
    path = samples.write(TABLE, Path("d.parquet"))
    Path("odd.toml").write_text(SCHEMA + '[[rules]]\nname = "r"\nexpression = "city > 1"\n')
    report = pipeline.check_data(path, schema="odd.toml")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [item.what for item in report.not_checked] == ["r: city > 1"]


def test_drift_against_data_and_against_its_profile() -> None:
    seed = np.random.default_rng(0)
    before = pa.table({"x": seed.normal(size=9_000), "y": seed.normal(size=9_000)})
    now = pa.table({"x": seed.normal(size=5_000), "y": seed.normal(0.3, 1, 5_000)})
    pq.write_table(before, "a.parquet")
    pq.write_table(now, "b.parquet")
    Path("a.json").write_bytes(msgspec.json.encode(pipeline.profile_data("a.parquet")))
    for reference in ("a.parquet", "a.json"):
        report = pipeline.check_data("b.parquet", reference=reference)
        assert report.verdict is Verdict.FAIL
        assert [finding.location.member for finding in report.findings] == ["y"]
    assert pipeline.check_data("a.parquet", reference="a.json").verdict is Verdict.PASS


def test_a_column_nobody_could_compare_is_inconclusive() -> None:
    pq.write_table(pa.table({"x": np.arange(9.0), "z": [[1]] * 9}), "a.parquet")
    report = pipeline.check_data("a.parquet", reference="a.parquet")
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [item.what for item in report.not_checked] == ["drift of z"]


def test_what_was_found_is_recorded_about_the_data() -> None:
    path = samples.write(samples.replaced(TABLE, 40, "amount", -51.0), Path("d.parquet"))
    pipeline.check_data(path, schema="schema.toml")
    with open_keep(Path(".modelkeep")) as keep:
        asked, entry = keep.store.entries()
        assert asked.predicate_type.endswith("access-use:1")
        assert entry.predicate_type == by_key("data-check").uri
        assert audit_log(keep) == []
        facts = gather_facts([entry.body], entry.subject, keep.trust, keep.clock())
    assert facts.values == {
        "data_check_passed": False,
        "data_rows_checked": 3_000,
        "data_rows_bad": 1,
        "data_rules_not_run": 0,
    }


def test_pandera_schema_is_applied_to_every_row() -> None:
    Path("s.yaml").write_text("columns:\n  id:\n    dtype: int64\n    less_than: 2999\n")
    report = pipeline.check_data(samples.write(TABLE, Path("d.parquet")), schema="s.yaml")
    assert rows(report) == {'id less_than: column("id") < 2999': [2_999]}


def _cut(path: Path) -> None:
    data = samples.write(TABLE, path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


BAD: dict[str, Callable[[Path], object]] = {
    "cut.parquet": _cut,
    "mixed.csv": lambda path: path.write_bytes("a\nü\n".encode() + "ü\n".encode("latin-1")),
    "ragged.csv": lambda path: path.write_text("a,b\n1,2\n3\n"),
    "cut.jsonl": lambda path: path.write_text('{"a": 1}\n{"a": '),
    "gone.parquet": lambda path: path,
    "picture.png": lambda path: path.write_bytes(b"x"),
}


@pytest.mark.parametrize("name", BAD)
def test_data_that_cannot_be_read_is_an_error_and_nothing_is_recorded(name: str) -> None:
    BAD[name](Path(name))
    for job in (
        lambda: pipeline.check_data(name, schema="schema.toml"),
        lambda: pipeline.draft_schema(name),
        lambda: pipeline.profile_data(name),
    ):
        with pytest.raises(InputError):
            job()
    if Path(".modelkeep").exists():
        with open_keep(Path(".modelkeep")) as keep:
            kinds = {entry.predicate_type for entry in keep.store.entries()}
            assert kinds <= {by_key("access-use").uri}  # that it was read; nothing found


def test_no_rows_are_inconclusive() -> None:
    path = samples.write(TABLE.slice(0, 0), Path("d.parquet"))
    report = pipeline.check_data(path, schema="schema.toml")
    assert report.verdict is Verdict.INCONCLUSIVE
    with pytest.raises(InputError, match="no rows"):
        pipeline.draft_schema(path)


def test_columns_of_nothing_and_ten_thousand_columns() -> None:
    wide = pa.table({f"c{n}": pa.array([n, n + 1, None]) for n in range(10_000)})
    pq.write_table(wide.append_column("none", pa.nulls(3)), "wide.parquet")
    Path("wide.toml").write_text(pipeline.draft_schema("wide.parquet"))
    report = pipeline.check_data("wide.parquet", schema="wide.toml")
    assert (report.verdict, report.rows) == (Verdict.PASS, 3)


def test_neither_schema_nor_reference_is_a_usage_error() -> None:
    with pytest.raises(UsageError):
        pipeline.check_data("d.parquet")


PEAK = """
from pathlib import Path
from modelkeep import pipeline
found = pipeline.check_data("big.csv", schema="big.toml")
print(found.rows, Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_a_csv_file() -> None:
    Path("big.toml").write_text(
        'version = 1\n[columns.a]\nunique = true\n[columns.b]\ntype = "float"\nlow = 0\n'
    )
    peaks = []
    lines = "".join(f"{n:09},0.{n:09}\n" for n in range(250_000))
    for times in (2, 16):  # 11 MB and 88 MB
        with Path("big.csv").open("w") as file:
            file.write("a,b\n")
            file.writelines(lines.replace("\n0", f"\n{part + 1}") for part in range(times))
        run = subprocess.run(
            [sys.executable, "-c", PEAK], check=True, capture_output=True, text=True
        )
        rows, peak = map(int, run.stdout.split())
        assert rows == 250_000 * times
        peaks.append(peak / 1024)
    assert peaks[1] < 700
    assert peaks[1] - peaks[0] < 150  # 32 MB of it are the words of unique rows
