"""Markdown: the verdict first, tables that hold, and names that mean nothing to it."""

from __future__ import annotations

import re

import pytest

import check_samples as samples
from modelkeep.core import Location, NotChecked, Verdict
from modelkeep.report import Report, ReportedFile
from modelkeep.report.table import LISTED

KINDS = ("clean check", "failing check", "gate", "inconclusive check", "scan", "hand-made")


def page(**changes: object) -> str:
    return samples.report(**changes).render("md")


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_begins_with_its_verdict(kind: str, reports: dict[str, Report]) -> None:
    text = reports[kind].render("md")
    assert text.startswith(f"# {reports[kind].verdict}: ")
    assert text.endswith("\n")


def test_findings_are_a_table_worst_first() -> None:
    rows = re.findall(r"^\| (critical|high|medium|low|info) \| (\w+) \|", page(), re.MULTILINE)
    assert rows == [("critical", "PKL001"), ("medium", "PKL001")]
    assert "`model.pkl!archive/data.pkl @ 0x4`" in page()


def test_unread_files_gate_risks_and_counts_are_there() -> None:
    text = page()
    assert "- `cut.pkl`: ends in the middle" in text
    assert "deploy denied by policy prod" in text
    assert "robust\\_accuracy at linf:0\\.03" in text
    assert "**files: 0 pass, 1 fail, 1 inconclusive, 0 skipped;" in text


def test_long_list_of_unchecked_files_is_cut_and_counted() -> None:
    missed = tuple(NotChecked(f"f{i}", "text") for i in range(LISTED + 3))
    text = page(not_checked=missed)
    assert f"`f{LISTED - 1}`" in text
    assert f"`f{LISTED}`" not in text
    assert "- and 3 more" in text


@pytest.mark.parametrize(
    "hostile",
    [
        "<img src=x>",
        "[a](http://b)",
        "![a](b)",
        "x | y",
        "# h",
        "a\n\n# PASS",
        "**b**",
        "`c`",
        "@you",
    ],
)
def test_names_from_files_are_not_obeyed(hostile: str) -> None:
    found = samples.finding(message=hostile, location=Location(hostile, hostile))
    file = ReportedFile(hostile, Verdict.FAIL, "pickle", (found,))
    text = page(files=(file,), findings=(), not_checked=(NotChecked(hostile, hostile),))
    plain = re.sub(r"(`+).*?\1", "", text)  # what stands outside code spans
    for sign in ("<img", "](http", "](b", "**b**", "@you"):
        assert sign not in plain
    assert "\n# PASS" not in text
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {5}, "four cells each"


def test_suppressed_findings_have_their_reason() -> None:
    hidden = samples.suppressed("ours, reviewed")
    file = ReportedFile("a", Verdict.PASS, "pickle", suppressed=(hidden,))
    text = page(files=(file,), findings=(), suppressed=1)
    assert "## Suppressed" in text
    assert "ignore: ours, reviewed" in text.replace("\\", "")
