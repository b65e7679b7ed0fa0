"""GitLab Code Quality: the fields it requires, one issue per finding, stable identities."""

from __future__ import annotations

import json
from typing import Any

import pytest

import check_samples as samples
from modelkeep.core import Location, Severity, Verdict
from modelkeep.report import Report, ReportedFile

KINDS = ("clean check", "failing check", "gate", "inconclusive check", "scan", "hand-made")


def issues(report: Report) -> list[dict[str, Any]]:
    """The issues, each with every field that GitLab reads."""
    found = json.loads(report.render("gitlab"))
    for issue in found:
        assert issue.keys() == {
            "description", "check_name", "fingerprint", "severity", "location"
        }  # fmt: skip
        assert issue["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert issue["location"]["lines"]["begin"] == 1
        assert not issue["location"]["path"].startswith("./")
    assert len({issue["fingerprint"] for issue in found}) == len(found)
    return list(found)


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_is_a_list_of_issues(kind: str, reports: dict[str, Report]) -> None:
    assert bool(issues(reports[kind])) == (reports[kind].verdict is not Verdict.PASS)


@pytest.mark.parametrize(
    ("severity", "word"),
    list(zip(Severity, ["info", "minor", "major", "critical", "blocker"], strict=True)),
)
def test_severities_are_translated(severity: Severity, word: str) -> None:
    report = samples.report(files=(), findings=(samples.finding(severity),), decision=None)
    assert [issue["severity"] for issue in issues(report)] == [word]


def test_fingerprint_survives_another_offset_and_tells_files_apart() -> None:
    def identity(path: str, offset: int) -> str:
        place = samples.finding(location=Location(path, "m", offset))
        (issue,) = issues(samples.report(files=(), findings=(place,), decision=None))
        return str(issue["fingerprint"])

    assert identity("a", 1) == identity("a", 2) != identity("b", 1)


def test_files_lie_where_the_user_named_them() -> None:
    file = ReportedFile(
        "m.pkl", Verdict.FAIL, "pickle", (samples.finding(location=Location("m.pkl")),)
    )
    report = samples.report(files=(file,), findings=(), decision=None, base="models/deep/")
    assert issues(report)[0]["location"]["path"] == "models/deep/m.pkl"


def test_what_was_not_read_and_what_a_gate_missed_are_issues() -> None:
    names = [issue["check_name"] for issue in issues(samples.report())]
    assert "inconclusive" in names
    assert {"gate/robust", "gate/signed-by-trusted"} <= set(names)


def test_suppressed_findings_are_left_out() -> None:
    file = ReportedFile("a", Verdict.PASS, "pickle", suppressed=(samples.suppressed(),))
    assert issues(samples.report(files=(file,), findings=(), decision=None)) == []
