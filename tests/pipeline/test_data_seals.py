"""Sealing and verifying data sets of every format, and everything done to them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import data_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.data import BLOCK, Options
from modelkeep.evidence import audit_log, by_key, gather_facts, open_keep
from modelkeep.pipeline.data_seals import DataCheck

TABLE = samples.table()
SMALL = samples.table(2_000)
FORMATS = ["parquet", "csv", "jsonl", "npz"]
ROW = BLOCK + 77


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def kinds(check: DataCheck) -> dict[str, list[int | None]]:
    found: dict[str, list[int | None]] = {}
    for item in check.differences:
        found.setdefault(item.kind, []).append(item.row)
    return found


@pytest.mark.parametrize("suffix", FORMATS)
def test_untouched_data_is_as_sealed(suffix: str) -> None:
    path = samples.write(SMALL, Path(f"d.{suffix}"))
    made = pipeline.seal_data(path)
    assert made.manifest.rows == 2_000
    check = pipeline.verify_data(path)
    assert (check.differences, check.counts, check.notes) == ((), {}, ())


def swapped(table: pa.Table) -> pa.Table:
    values = table.column("id").to_pylist()
    values[5], values[900] = values[900], values[5]
    return table.set_column(0, "id", pa.array(values))


EDITS: list[tuple[Callable[[pa.Table], pa.Table], dict[str, list[int]]]] = [
    (lambda t: samples.replaced(t, 7, "id", -1), {"changed": [7]}),
    (lambda t: samples.taken(t, [n for n in range(2_000) if n != 9]), {"missing": [9]}),
    (lambda t: pa.concat_tables([t, samples.replaced(t, 0, "id", -5).slice(0, 1)]),
     {"extra": [2_000]}),
    (lambda t: pa.concat_tables([t, t.slice(3, 1)]), {"duplicated": [2_000]}),
    (lambda t: samples.taken(t, [1, 0, *range(2, 2_000)]), {"reordered": [0, 1]}),
    (swapped, {"changed": [5, 900]}),
]  # fmt: skip


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("edit", "expected"), EDITS)
def test_every_edit_is_named_with_its_row(
    suffix: str, edit: Callable[[pa.Table], pa.Table], expected: dict[str, list[int]]
) -> None:
    path = samples.write(SMALL, Path(f"d.{suffix}"))
    pipeline.seal_data(path)
    samples.write(edit(SMALL), path)
    check = pipeline.verify_data(path)
    assert kinds(check) == expected
    assert all(item.path == f"d.{suffix}" for item in check.differences)


def test_block_and_column_of_a_changed_cell_are_named() -> None:
    path = samples.write(TABLE, Path("d.parquet"))
    pipeline.seal_data(path)
    value = TABLE.column("amount")[ROW].as_py()
    samples.write(samples.replaced(TABLE, ROW, "amount", np.nextafter(value, 9)), path)
    (item,) = pipeline.verify_data(path).differences
    assert (item.kind, item.block, item.columns, item.row) == ("changed", 1, ("amount",), ROW)


def test_row_groups_compression_and_dictionaries_leave_the_root() -> None:
    path = samples.write(TABLE, Path("d.parquet"))
    before = pipeline.seal_data(path).manifest.root
    encoded = TABLE.set_column(2, "city", TABLE.column("city").dictionary_encode())
    pq.write_table(encoded, path, row_group_size=777, compression="gzip")
    (item,) = pipeline.verify_data(path).differences
    assert (item.kind, item.row) == ("rewritten", None)
    assert pipeline.seal_data(path).manifest.root == before


def test_manifest_counts_and_bounds() -> None:
    path = samples.write(TABLE, Path("d.parquet"))
    options = Options(label="label", source_column="city", source="here", licence="CC0-1.0")
    found = pipeline.seal_data(path, options=options).manifest
    assert found.classes == {"no": 100_000, "yes": 50_000}
    assert len(found.sources) == 41
    columns = {column.name: column for column in found.files[0].columns}
    assert (columns["id"].low, columns["id"].high) == ("0", "149999")
    assert abs(columns["id"].distinct / samples.ROWS - 1) < 0.25
    assert (columns["city"].distinct, columns["label"].distinct) == (41, 2)
    assert columns["amount"].nulls == TABLE.column("amount").null_count
    assert (found.options.source, found.options.licence) == ("here", "CC0-1.0")


def test_bounds_of_texts_that_are_numbers_are_those_of_the_numbers() -> None:
    Path("d.csv").write_text("n,t\n9,a\n10,b\n")
    columns = pipeline.seal_data("d.csv").manifest.files[0].columns
    assert [(c.low, c.high) for c in columns] == [("9.0", "10.0"), ("a", "b")]


def test_moments_have_readable_bounds() -> None:
    moments = pa.array([1, 2], pa.timestamp("ns"))
    samples.write(pa.table({"when": moments}), Path("d.parquet"))
    column = pipeline.seal_data("d.parquet").manifest.files[0].columns[0]
    assert column.low.startswith("1970-01-01 00:00:00.000000001")


def test_schema_changes_are_named() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    pipeline.seal_data(path)
    samples.write(SMALL.drop_columns(["city"]).append_column("new", SMALL.column("id")), path)
    found = [(d.kind, d.columns) for d in pipeline.verify_data(path).differences]
    assert found == [("columns", ("city",)), ("columns", ("new",))]


@pytest.mark.parametrize("suffix", ["png", "txt"])
def test_folders_of_classes(suffix: str) -> None:
    for name in ("cat/1", "cat/2", "dog/1", "dog/2"):
        file = Path("set") / f"{name}.{suffix}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{name} content")
    found = pipeline.seal_data("set").manifest
    assert (found.rows, found.classes) == (4, {"cat": 2, "dog": 2})
    assert pipeline.verify_data("set").counts == {}
    Path(f"set/cat/1.{suffix}").write_text("poison")
    Path(f"set/dog/1.{suffix}").unlink()
    Path(f"set/cat/2.{suffix}").rename(f"set/dog/9.{suffix}")
    shutil.copy(f"set/dog/2.{suffix}", f"set/dog/3.{suffix}")
    Path(f"set/dog/new.{suffix}").write_text("new")
    check = pipeline.verify_data("set")
    assert {(d.kind, d.path) for d in check.differences} == {
        ("changed", f"cat/1.{suffix}"),
        ("missing", f"dog/1.{suffix}"),
        ("moved", f"dog/9.{suffix}"),
        ("duplicated", f"dog/3.{suffix}"),
        ("extra", f"dog/new.{suffix}"),
    }


def test_appended_shards_are_sealed_without_reading_the_old_ones_again() -> None:
    Path("set").mkdir()
    for name in "ab":
        samples.write(samples.replaced(SMALL, 0, "id", ord(name)), Path(f"set/{name}.parquet"))
    pipeline.seal_data("set")
    samples.write(SMALL, Path("set/aa.parquet"))
    assert pipeline.verify_data("set").counts == {"extra": 1}
    again = pipeline.seal_data("set")
    assert (again.reused, again.manifest.rows) == (2, 6_000)
    samples.write(samples.replaced(SMALL, 1_500, "city", "x"), Path("set/b.parquet"))
    assert kinds(pipeline.verify_data("set")) == {"changed": [0, 1_500]}
    Path("set.seal").unlink()
    samples.write(samples.replaced(SMALL, 0, "id", ord("b")), Path("set/b.parquet"))
    fresh = pipeline.seal_data("set")
    assert (fresh.reused, fresh.manifest) == (0, again.manifest)


def test_without_tags_or_key_blocks_are_named() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    pipeline.seal_data(path)
    samples.write(samples.replaced(SMALL, 7, "id", -1), path)
    Path("d.parquet.seal.tags").write_bytes(b"\0" * 8 * 2_000)
    check = pipeline.verify_data(path)
    (item,) = check.differences
    assert (item.kind, item.block, item.columns, item.row) == ("changed", 0, ("id",), None)
    assert "blocks are named" in check.notes[0]


def _damage(change: Callable[[dict[str, Any]], None]) -> None:
    envelope, manifest, _ = Path("d.parquet.seal").read_text().split("\n")
    found = json.loads(manifest)
    change(found)
    Path("d.parquet.seal").write_text(f"{envelope}\n{json.dumps(found)}\n")


def test_edited_seal_is_refused() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    pipeline.seal_data(path)
    _damage(lambda found: found.update(rows=1))
    with pytest.raises(EvidenceError, match="not the one that was signed"):
        pipeline.verify_data(path)


def test_seal_of_a_stranger_is_refused() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    pipeline.seal_data(path, keep="theirs")
    pipeline.seal_data(path, seal="mine.seal", keep="ours")
    with pytest.raises(EvidenceError, match="does not know"):
        pipeline.verify_data(path, keep="ours")
    assert pipeline.verify_data(path, seal="mine.seal", keep="ours").counts == {}


def test_seal_is_recorded_and_its_facts_are_readable_about_the_data() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    made = pipeline.seal_data(path)
    with open_keep(Path(".modelkeep")) as keep:
        (entry,) = keep.store.entries()
        assert entry.statement_id == made.statement_id
        assert entry.predicate_type == by_key("seal").uri
        assert audit_log(keep) == []
        facts = gather_facts([entry.body], entry.subject, keep.trust, keep.clock())
    assert facts.values == {"data_sealed": True, "data_rows": 2_000, "data_files": 1}
    assert Path(".modelkeep/keys/rows.key").stat().st_mode & 0o777 == 0o600


def _truncated(path: Path) -> None:
    data = samples.write(SMALL, path).read_bytes()
    path.write_bytes(data[: len(data) // 2])


NOT_UTF8 = pa.table({"a": pa.array([b"\xfc"]).view(pa.string())})
MAP = pa.table({"a": pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64()))})
BAD: dict[str, Callable[[Path], object]] = {
    "cut.parquet": _truncated,
    "cut.npz": _truncated,
    "empty.parquet": lambda path: samples.write(SMALL.slice(0, 0), path),
    "empty.csv": lambda path: path.write_bytes(b""),
    "heads.csv": lambda path: path.write_text("a,b\n"),
    "empty.jsonl": lambda path: path.write_bytes(b""),
    "twice.csv": lambda path: path.write_text("a,a\n1,2\n"),
    "ragged.csv": lambda path: path.write_text("a,b\n1,2\n3\n"),
    "mixed.csv": lambda path: path.write_bytes("a\nü\n".encode() + "ü\n".encode("latin-1")),
    "mixed.jsonl": lambda path: path.write_bytes(b'{"a":"\xc3\xbc"}\n{"a":"\xfc"}\n'),
    "list.jsonl": lambda path: path.write_text("[1]\n"),
    "cut.jsonl": lambda path: path.write_text('{"a": 1}\n{"a": '),
    "mixed.parquet": lambda path: samples.write(NOT_UTF8, path),
    "map.parquet": lambda path: samples.write(MAP, path),
    "objects.npz": lambda path: np.savez(path, x=np.array([object()], dtype=object)),
    "lengths.npz": lambda path: np.savez(path, x=np.zeros(3), y=np.zeros(2)),
    "none.npz": np.savez,
    "other.bin": lambda path: path.write_bytes(b"x"),
}


@pytest.mark.parametrize("name", BAD)
def test_unreadable_data_is_a_clear_error_and_the_older_seal_stays(name: str) -> None:
    path = Path(name)
    BAD[name](path)
    Path(f"{name}.seal").write_text("older")
    with pytest.raises(InputError):
        pipeline.seal_data(path)
    assert Path(f"{name}.seal").read_text() == "older"
    assert {p.name for p in Path().iterdir()} == {name, f"{name}.seal", ".modelkeep"}


def test_half_floats_nan_and_names_that_are_no_utf8_are_sealed() -> None:
    halves = pa.array(np.array([1, np.nan, 2], np.float16))
    path = Path(os.fsdecode(b"d\xff.parquet"))
    with path.open("wb") as file:
        pq.write_table(pa.table({"a": halves, "b": halves.cast(pa.float64())}), file)
    found = pipeline.seal_data(path).manifest.files[0].columns
    assert [(column.low, column.high) for column in found] == [("1.0", "2.0")] * 2
    assert pipeline.verify_data(path).counts == {}


def test_label_that_is_no_column_is_refused() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    with pytest.raises(InputError, match="no column 'nope'"):
        pipeline.seal_data(path, options=Options(label="nope"))


def test_seal_within_the_data_is_refused() -> None:
    Path("set").mkdir()
    samples.write(SMALL, Path("set/a.parquet"))
    with pytest.raises(InputError, match="outside"):
        pipeline.seal_data("set", seal="set/a.seal")


def test_sealing_and_checking_share_one_pass_and_both_are_recorded() -> None:
    path = samples.write(SMALL, Path("d.parquet"))
    Path("s.toml").write_text("version = 1\nclosed = false\n[columns.id]\nhigh = 1998\n")
    made = pipeline.seal_data(path, schema="s.toml", reference=path)
    assert made.manifest.root == pipeline.seal_data(path).manifest.root
    assert made.check is not None
    assert (made.check.bad, made.check.rows) == (1, 2_000)
    assert [column.drifted for column in made.check.drift] == [False] * 4
    with open_keep(Path(".modelkeep")) as keep:
        kinds_recorded = [entry.predicate_type for entry in keep.store.entries()]
    assert kinds_recorded[:2] == [by_key("seal").uri, by_key("data-check").uri]
