"""Suppressions: counted, dated, never wider than written, and useless ones are named."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import InputError, Verdict
from modelkeep.report import Report

TAIL = samples.PLAIN_PICKLE + b"\0"
ENTRY = '[[ignore]]\nrule = "{rule}"\npath = "{path}"\nreason = "ours"\n'


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """A folder with a bomb in it, and one that is cut short."""
    (desk.folder / "models").mkdir()
    Path("models/bomb.pkl").write_bytes(samples.BOMB)
    Path("models/cut.pkl").write_bytes(samples.PLAIN_PICKLE[:-2])
    Path("models/good.pkl").write_bytes(samples.PLAIN_PICKLE)


def ignoring(rule: str = "PKL001", path: str = "bomb.pkl", more: str = "") -> None:
    Path("modelkeep.toml").write_text(ENTRY.format(rule=rule, path=path) + more)


def verdicts(report: Report) -> dict[str, Verdict]:
    return {file.path: file.verdict for file in report.files}


@pytest.mark.parametrize(
    ("rule", "path"),
    [
        ("PKL001", "bomb.pkl"),
        ("pickle-import-not-allowed", "models/bomb.pkl"),
        ("*", "models/**"),
        ("PKL001", "*"),
    ],
)
def test_ignored_finding_does_not_fail_the_file_and_is_counted(rule: str, path: str) -> None:
    ignoring(rule, path)
    report = pipeline.scan("models/bomb.pkl")
    assert (report.verdict, report.exit_code) == (Verdict.PASS, 0)
    assert report.suppressed == len(report.all_suppressed()) == 1
    (hidden,) = report.all_suppressed()
    assert str(hidden.suppression) == "ignore: ours"
    assert report.rule(hidden.rule).id == "PKL001", "it is explained all the same"
    assert report.notes == ()


@pytest.mark.parametrize(("rule", "path"), [("PKL002", "bomb.pkl"), ("PKL001", "other/**")])
def test_entry_that_fits_nothing_changes_nothing_and_is_named(rule: str, path: str) -> None:
    ignoring(rule, path)
    report = pipeline.scan("models")
    assert report.verdict is Verdict.FAIL
    assert report.suppressed == 0
    assert report.notes == (f"ignore of {rule} in {path} suppresses nothing; remove it",)


def test_expired_entry_does_not_count_and_is_said() -> None:
    day = dt.datetime.now(dt.UTC).date() - dt.timedelta(days=1)
    ignoring(more=f"until = {day}\n")
    report = pipeline.scan("models/bomb.pkl")
    assert report.verdict is Verdict.FAIL
    assert report.notes == (
        f"ignore of PKL001 in bomb.pkl expired on {day} and no longer counts",
    )
    ignoring(more=f"until = {day + dt.timedelta(days=3)}\n")
    report = pipeline.scan("models/bomb.pkl")
    assert report.verdict is Verdict.PASS
    assert f"until {day + dt.timedelta(days=3)}" in str(report.all_suppressed()[0].suppression)


def test_suppression_does_not_make_an_unread_file_pass() -> None:
    Path("models/both.pkl").write_bytes(samples.BOMB[:-1])
    ignoring("*", "*")
    assert verdicts(pipeline.scan("models")) == {
        "bomb.pkl": Verdict.PASS,
        "both.pkl": Verdict.INCONCLUSIVE,
        "cut.pkl": Verdict.INCONCLUSIVE,
        "good.pkl": Verdict.PASS,
    }


def test_ignored_finding_does_not_reach_fail_on() -> None:
    ignoring()
    assert pipeline.scan("models/bomb.pkl", fail_on="info").verdict is Verdict.PASS


def test_check_counts_every_finding_and_says_so() -> None:
    ignoring()
    report = pipeline.check("models/bomb.pkl")
    assert report.verdict is Verdict.FAIL
    assert "a check counts every finding" in report.notes[-1]


# Baselines


def baseline() -> Path:
    path = Path("known.json")
    assert pipeline.write_baseline(pipeline.scan("models"), path) == 1
    return path


def test_known_findings_do_not_fail_and_are_counted() -> None:
    report = pipeline.scan("models", baseline=baseline())
    assert verdicts(report)["bomb.pkl"] is Verdict.PASS
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.suppressed == 1
    assert str(report.all_suppressed()[0].suppression) == "baseline: known before"


def test_new_findings_fail_beside_known_ones() -> None:
    known = baseline()
    Path("models/new.pkl").write_bytes(samples.BOMB)
    report = pipeline.scan("models", baseline=known)
    assert verdicts(report)["new.pkl"] is Verdict.FAIL
    assert verdicts(report)["bomb.pkl"] is Verdict.PASS


def test_another_import_in_the_same_file_is_new() -> None:
    known = baseline()
    Path("models/bomb.pkl").write_bytes(samples.BOMB.replace(b"\x06system", b"\x05popen"))
    assert verdicts(pipeline.scan("models", baseline=known))["bomb.pkl"] is Verdict.FAIL


def test_finding_that_became_worse_is_new() -> None:
    known = baseline()
    document = json.loads(known.read_text())
    document["findings"][0]["severity"] = "high"
    known.write_text(json.dumps(document))
    assert verdicts(pipeline.scan("models", baseline=known))["bomb.pkl"] is Verdict.FAIL


def test_known_findings_that_are_gone_are_counted() -> None:
    known = baseline()
    Path("models/bomb.pkl").write_bytes(samples.PLAIN_PICKLE)
    report = pipeline.scan("models", baseline=known)
    assert report.notes == ("1 of 1 findings of the baseline are gone",)


def test_baseline_written_with_a_baseline_keeps_what_is_still_there() -> None:
    known = baseline()
    Path("models/new.pkl").write_bytes(samples.BOMB)
    report = pipeline.scan("models", baseline=known)
    assert pipeline.write_baseline(report, known) == 2
    assert pipeline.scan("models", baseline=known).suppressed == 2


def test_ignored_findings_are_not_written_to_a_baseline() -> None:
    ignoring()
    assert pipeline.write_baseline(pipeline.scan("models"), "known.json") == 0


def test_same_findings_make_the_same_file() -> None:
    first = baseline().read_bytes()
    assert baseline().read_bytes() == first
    assert not [path for path in Path().iterdir() if path.name.startswith("tmp")]


@pytest.mark.parametrize(
    "text", ["", "[]", '{"findings": 3}', '{"schema_version": "9"}', "\xff"]
)
def test_what_is_no_baseline_is_refused(text: str) -> None:
    Path("known.json").write_text(text, "latin-1")
    with pytest.raises(InputError, match=r"known\.json"):
        pipeline.scan("models", baseline="known.json")


def test_baseline_that_is_not_there_or_cannot_be_written_is_refused() -> None:
    with pytest.raises(InputError, match="gone"):
        pipeline.scan("models", baseline="gone.json")
    with pytest.raises(InputError, match="nowhere"):
        pipeline.write_baseline(pipeline.scan("models"), "nowhere/known.json")
