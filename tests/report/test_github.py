"""Workflow commands: one line each, at the file, and nothing a file can add to them."""

from __future__ import annotations

import re

import pytest

import check_samples as samples
from modelkeep.core import Location, Severity, Verdict
from modelkeep.report import Report, ReportedFile

KINDS = ("clean check", "failing check", "gate", "inconclusive check", "scan", "hand-made")
COMMAND = re.compile(r"::(error|warning|notice) file=([^,:]*),title=([^,:]*)::(.+)")


def commands(report: Report) -> list[tuple[str, ...]]:
    """Level, file, title and message of each command."""
    *lines, last = report.render("github").splitlines()
    assert last.startswith(f"{report.verdict}: files: ")
    found = [COMMAND.fullmatch(line) for line in lines]
    assert all(found), lines
    return [match.groups() for match in found if match is not None]


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_is_commands_and_a_line_of_counts(
    kind: str, reports: dict[str, Report]
) -> None:
    assert bool(commands(reports[kind])) == (reports[kind].verdict is not Verdict.PASS)


@pytest.mark.parametrize(
    ("severity", "level"),
    list(zip(Severity, ["notice", "notice", "warning", "error", "error"], strict=True)),
)
def test_severity_is_the_level(severity: Severity, level: str) -> None:
    report = samples.report(files=(), findings=(samples.finding(severity),), decision=None)
    assert [command[0] for command in commands(report)] == [level]


def test_annotation_stands_at_the_file_and_names_rule_and_member() -> None:
    (first, *_) = commands(samples.report(base="models/"))
    assert first[1] == "models/model.pkl"
    assert first[2] == "PKL001 pickle-import-not-allowed"
    assert "model.pkl!archive/data.pkl @ 0x4" in first[3]


@pytest.mark.parametrize(
    "hostile", ["a\n::error::owned", "a\r::x", "a,title=b", "a::b", "100%25"]
)
def test_names_from_files_cannot_end_a_command(hostile: str) -> None:
    found = samples.finding(message=hostile, location=Location(hostile))
    file = ReportedFile(hostile, Verdict.FAIL, "pickle", (found,))
    report = samples.report(files=(file,), findings=(), decision=None)
    ((level, path, _, message),) = commands(report)
    assert level == "error"
    assert "%25" in message or "%" not in hostile
    assert "\n" not in path + message


def test_missed_conditions_are_warnings_when_the_profile_only_reports() -> None:
    levels = {c[2]: c[0] for c in commands(samples.report(profile="report"))}
    assert levels["gate/robust"] == "warning"
    assert {c[2]: c[0] for c in commands(samples.report())}["gate/robust"] == "error"


def test_suppressed_findings_are_left_out() -> None:
    file = ReportedFile("a", Verdict.PASS, "pickle", suppressed=(samples.suppressed(),))
    assert commands(samples.report(files=(file,), findings=(), decision=None)) == []
