"""JUnit: one case per file, failures and errors told apart, nothing breaks the XML."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

import check_samples as samples
from modelkeep.core import Location, Severity, Verdict
from modelkeep.report import Report, ReportedFile

KINDS = ("clean check", "failing check", "gate", "inconclusive check", "scan", "hand-made")


def suite(report: Report) -> ET.Element:
    """The one suite, its counts checked against its cases."""
    root = ET.fromstring(report.render("junit"))
    (found,) = root
    assert (root.tag, found.tag) == ("testsuites", "testsuite")
    cases = found.findall("testcase")
    assert int(found.attrib["tests"]) == len(cases)
    for kind, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert int(found.attrib[name]) == sum(case.find(kind) is not None for case in cases)
    return found


def outcome(report: Report, name: str) -> set[str]:
    (case,) = (c for c in suite(report).findall("testcase") if c.attrib["name"] == name)
    return {child.tag for child in case}


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_is_a_suite(kind: str, reports: dict[str, Report]) -> None:
    found = suite(reports[kind])
    names = [case.attrib["name"] for case in found.findall("testcase")]
    for file in reports[kind].files:
        assert reports[kind].base + file.path in names


def test_verdicts_become_failures_errors_and_skips() -> None:
    report = samples.report(
        files=(
            ReportedFile("bad", Verdict.FAIL, "pickle", (samples.finding(),)),
            ReportedFile("cut", Verdict.INCONCLUSIVE, "pickle", (), "ends"),
            ReportedFile("text", Verdict.SKIPPED, "text", (), "no rule"),
            ReportedFile("fine", Verdict.PASS, "npy"),
            ReportedFile("odd", Verdict.PASS, "zip", (samples.finding(Severity.LOW),)),
        ),
        findings=(),
        decision=None,
    )
    assert outcome(report, "bad") == {"failure"}
    assert outcome(report, "cut") == {"error"}
    assert outcome(report, "text") == {"skipped"}
    assert outcome(report, "fine") == set()
    assert outcome(report, "odd") == {"system-out"}


def test_failure_names_rule_place_and_message() -> None:
    (failure, *_) = suite(samples.report()).iter("failure")
    said = "critical[PKL001] model.pkl!archive/data.pkl @ 0x4: loading this file would run"
    assert failure.attrib["message"].startswith(said)


def test_missed_conditions_of_a_gate_are_a_failure() -> None:
    assert outcome(samples.report(), "deploy by prod") == {"failure"}


def test_suppressed_findings_are_no_failure() -> None:
    file = ReportedFile("a", Verdict.PASS, "pickle", suppressed=(samples.finding(),))
    report = samples.report(files=(file,), findings=(), decision=None)
    assert outcome(report, "a") == set()


@pytest.mark.parametrize(
    "hostile", ["a\x00b", "]]><x/>", "\"'<&>", "\ufffe\uffff", "\ud800", "\r\n"]
)
def test_names_from_files_do_not_break_the_document(hostile: str) -> None:
    found = samples.finding(message=hostile, location=Location(hostile, hostile))
    file = ReportedFile(hostile, Verdict.FAIL, "pickle", (found,), hostile)
    cut = ReportedFile(hostile, Verdict.INCONCLUSIVE, "pickle", (), hostile)
    assert len(suite(samples.report(files=(file, cut), findings=(), decision=None))) == 3
