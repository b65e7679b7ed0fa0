"""From a poisoned file to a cleaned one: found, reviewed, applied, recorded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import modelkeep
import poison_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.data.review import ReviewDecision
from modelkeep.evidence import by_key, open_keep, parse_statement, verify_envelope
from modelkeep.pipeline.data_poison import DataInputs
from modelkeep.pipeline.data_review import Queue

COUNT = 24
pytestmark = pytest.mark.slow  # one examination with its probes, shared by all


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A poisoned table that was examined, in a folder with its keep; to be copied."""
    folder = tmp_path_factory.mktemp("poisoned")
    data, poison = samples.plant(samples.table(), samples.three_columns, COUNT, "1")
    columns = {f"c{n}": data.rows[:, n] for n in range(10)}
    kinds = [data.columns[10].categories[int(code)] for code in data.rows[:, 10]]
    table = pa.table(
        {**columns, "kind": kinds, "planted": poison, "y": data.labels.astype(int)}
    )
    pq.write_table(table.drop(["planted"]), folder / "rows.parquet")
    np.save(folder / "poison.npy", poison)
    report = pipeline.find_poison(folder / "rows.parquet", keep=str(folder / "keep"))
    (folder / "proposed").write_text(str(report.proposed))
    return folder


@pytest.fixture
def desk(found: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(found, tmp_path / "desk"))


def queue_of(desk: Path) -> Queue:
    return pipeline.review_queue(desk / "rows.parquet", keep=str(desk / "keep"))


def decide(desk: Path, who: str, choice: str = "quarantine") -> None:
    made = [
        ReviewDecision(shown.card.id, choice, who, "looked at it")  # type: ignore[arg-type]
        for shown in queue_of(desk).cards
        if shown.card.advice == "remove"
    ]
    pipeline.record_decisions(desk / "rows.parquet", made, keep=str(desk / "keep"))


def test_the_trigger_is_proposed_with_power_and_a_certificate(desk: Path) -> None:
    with open_keep(desk / "keep") as keep:
        uri = by_key("data-poison").uri
        (entry,) = [e for e in keep.store.entries() if e.predicate_type == uri]
        payload, _ = verify_envelope(entry.body, keep.trust.keys())
    said = parse_statement(payload).predicate
    assert said["facts"]["poison_groups"] == 1
    assert 20_000 < said["facts"]["poison_share_ppm"] < 35_000
    names = [number["name"] for number in said["measurements"]]
    assert sum(name.startswith("power_") for name in names) == 7
    assert "certified_accuracy" in names
    shown = queue_of(desk).cards
    assert [card.card.harm for card in shown] == sorted(
        (c.card.harm for c in shown), reverse=True
    )
    assert all(len(card.risky) == len(card.near) == 5 for card in shown)


def test_nothing_over_the_limit_is_applied_before_two_reviewers_agree(desk: Path) -> None:
    def apply() -> object:
        return pipeline.apply_cleaning(
            desk / "rows.parquet", desk / "clean.parquet", keep=str(desk / "keep")
        )

    for reviewer in ("ann", "ANN "):
        with pytest.raises(InputError, match="of 2 reviewers"):
            apply()
        decide(desk, reviewer)
    with pytest.raises(InputError, match="1 of 2 reviewers"):
        apply()
    assert not (desk / "clean.parquet").exists()
    decide(desk, "bob")
    apply()
    poison = np.load(desk / "poison.npy")
    before, after = (pq.read_table(desk / f"{n}.parquet") for n in ("rows", "clean"))
    assert before.schema == after.schema
    gone = before.num_rows - after.num_rows
    kept = set(zip(*(after.column(n).to_pylist() for n in ("c0", "c1")), strict=True))
    rows = list(zip(*(before.column(n).to_pylist() for n in ("c0", "c1")), strict=True))
    left = sum(rows[row] in kept for row in np.flatnonzero(poison))
    assert left <= 1
    assert gone <= COUNT + 6


def test_lineage_walks_from_the_cleaned_set_to_its_source(desk: Path) -> None:
    decide(desk, "ann")
    decide(desk, "bob")
    done = pipeline.apply_cleaning(
        desk / "rows.parquet", desk / "clean.parquet", keep=str(desk / "keep")
    )
    with open_keep(desk / "keep") as keep:
        (entry,) = keep.store.entries(done.subject.digest.sha256)
        said = parse_statement(verify_envelope(entry.body, keep.trust.keys())[0]).predicate
        (material,) = said["materials"]
        uris = {e.predicate_type for e in keep.store.entries(material["digest"]["sha256"])}
        keep.store.entry(said["rests_on"][0])
    kinds = ("data-poison", "data-review", "access-use")  # the last: who read it
    assert uris == {by_key(kind).uri for kind in kinds}
    assert said["facts"]["data_rows_removed"] == done.removed > 0


def test_relabelled_rows_get_the_label_the_others_would_give_them(desk: Path) -> None:
    decide(desk, "ann", "relabel")
    decide(desk, "bob", "relabel")
    done = pipeline.apply_cleaning(
        desk / "rows.parquet", desk / "clean.parquet", keep=str(desk / "keep")
    )
    before, after = (
        pq.read_table(desk / f"{n}.parquet").column("y").to_numpy() for n in ("rows", "clean")
    )
    changed = np.flatnonzero(before != after)
    poison = np.load(desk / "poison.npy")
    assert done.removed == 0
    assert 0 < len(changed) <= done.relabelled
    assert poison[changed].mean() > 0.8


def test_the_truth_about_controls_cannot_be_changed(desk: Path) -> None:
    (place,) = (desk / "keep" / "controls").iterdir()
    said = json.loads(place.read_text())
    said["truth"] = {name: not poisoned for name, poisoned in said["truth"].items()}
    place.write_text(json.dumps(said))
    with pytest.raises(EvidenceError, match="not the truth that was bound"):
        queue_of(desk)


def test_bytes_that_nobody_examined_have_no_queue(desk: Path) -> None:
    table = pq.read_table(desk / "rows.parquet")
    pq.write_table(table.slice(1), desk / "rows.parquet")
    with pytest.raises(InputError, match="nobody has looked for poison"):
        queue_of(desk)


@pytest.mark.parametrize(
    ("decision", "says"),
    [
        (ReviewDecision("nosuch", "keep", "ann", "r"), "no group 'nosuch'"),
        (ReviewDecision("", "keep", "ann", "r"), "no group ''"),
    ],
)
def test_decisions_on_unknown_groups_are_refused(
    desk: Path, decision: ReviewDecision, says: str
) -> None:
    with pytest.raises(InputError, match=says):
        pipeline.record_decisions(desk / "rows.parquet", [decision], keep=str(desk / "keep"))


def test_data_that_cannot_be_examined_is_refused(tmp_path: Path) -> None:
    one = tmp_path / "one.csv"
    one.write_text("a,b\n" + "1,x\n2,x\n" * 10)
    with pytest.raises(InputError, match="all rows are of one class"):
        pipeline.find_poison(one)
    with pytest.raises(InputError, match="no column 'from'"):
        pipeline.find_poison(one, inputs=DataInputs(source_column="from"))


def columns_of(count: int, **others: object) -> pa.Table:
    rng = np.random.default_rng(0)
    numbers = {f"c{n}": rng.normal(size=50) for n in range(count)}
    return pa.table({**numbers, "y": ["a", "b"] * 25} | others)


@pytest.mark.parametrize(
    ("table", "says", "hint"),
    [
        (columns_of(1, y=["a"] * 50), "all rows are of one class", "--label"),
        (columns_of(1, c0=np.ones(50)), "the features are the same in every row", "columns"),
        (columns_of(1, c0=pa.nulls(50, pa.float64())), "'c0' has missing values", "Fill"),
        (columns_of(1).slice(0, 7), "7 rows are too few", "At least 20"),
    ],
)
def test_rows_that_say_nothing_are_refused(
    tmp_path: Path, table: pa.Table, says: str, hint: str
) -> None:
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(InputError, match=says) as error:
        pipeline.find_poison(tmp_path / "rows.parquet", inputs=DataInputs(label="y"))
    assert hint in error.value.hint


def test_texts_without_a_word_are_refused(tmp_path: Path) -> None:
    pq.write_table(columns_of(0, t=["", " ", "..", "?", "!"] * 10), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="the features are the same in every row"):
        pipeline.find_poison(tmp_path / "t.parquet", inputs=DataInputs(label="y", text="t"))


def test_ten_thousand_columns_end_and_say_what_was_not_searched(tmp_path: Path) -> None:
    pq.write_table(columns_of(10_000), tmp_path / "wide.parquet")
    report = pipeline.find_poison(
        tmp_path / "wide.parquet", inputs=DataInputs(label="y"), keep=str(tmp_path / "k")
    )
    (missed,) = [item for item in report.not_checked if "item-trigger" in item.what]
    assert "10000 columns, searched are up to 1000" in missed.why
    assert report.proposed == 0


def test_the_commands_work_without_a_person(desk: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "modelkeep", "--keep", "keep", "data", *words]
        environment = os.environ | {"PYTHONPATH": str(Path(modelkeep.__file__).parents[1])}
        return subprocess.run(
            command, cwd=desk, env=environment, capture_output=True, text=True, check=False
        )

    listed = run("review", "rows.parquet", "--list", "--format", "json")
    assert listed.returncode == 0, listed.stderr
    cards = [shown["card"] for shown in json.loads(listed.stdout)["cards"]]
    decided = [
        {"group": card["id"], "choice": "quarantine", "reason": "its rule"}
        for card in cards
        if card["advice"] == "remove"
    ]
    (desk / "d.json").write_text(json.dumps(decided))
    for who in ("ann", "bob"):
        done = run("review", "rows.parquet", "--decisions", "d.json", "--reviewer", who)
        assert done.returncode == 0, done.stderr
        assert "looked" not in done.stdout
    applied = run("clean", "rows.parquet", "--apply", "--output", "c.parquet")
    assert applied.returncode == 0, applied.stderr
    assert "rows removed" in applied.stdout
    assert run("clean", "rows.parquet", "--apply").returncode == 64
    traced = run("trace", "rows.parquet", "4", "--most", "3")
    assert len(traced.stdout.splitlines()) == 4
