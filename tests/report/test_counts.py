"""Counts: every file and every finding once, what does not count apart."""

from __future__ import annotations

import check_samples as samples
from modelkeep.core import Severity, Verdict
from modelkeep.report import ReportedFile, count


def test_files_findings_and_suppressed_are_counted_apart() -> None:
    files = (
        ReportedFile("a", Verdict.FAIL, "pickle", (samples.finding(), samples.finding())),
        ReportedFile(
            "b", Verdict.PASS, "pickle", (), suppressed=(samples.finding(Severity.LOW),)
        ),
        ReportedFile("c", Verdict.INCONCLUSIVE, "pickle"),
        ReportedFile("d", Verdict.SKIPPED, "text"),
        ReportedFile("e", Verdict.PASS, "npy"),
    )
    found = count(samples.report(files=files, suppressed=1))
    assert [found.files[verdict] for verdict in Verdict] == [2, 1, 1, 1]
    assert found.findings[Severity.CRITICAL] == 2
    assert found.findings[Severity.MEDIUM] == 1, "the artifact's own finding counts"
    assert found.findings[Severity.LOW] == 0
    assert found.sentence() == (
        "files: 2 pass, 1 fail, 1 inconclusive, 1 skipped; "
        "findings: 2 critical, 1 medium; suppressed: 1"
    )


def test_nothing_found_is_said() -> None:
    assert (
        "findings: none; suppressed: 0"
        in count(samples.report(files=(), findings=())).sentence()
    )
