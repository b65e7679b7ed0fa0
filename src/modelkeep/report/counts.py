"""The last line of a report: how many files and findings of which kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from modelkeep.core import Severity, Verdict
from modelkeep.report.interface import Report


@dataclass(frozen=True, slots=True)
class Counts:
    """Files by verdict, findings by severity, and findings that do not count."""

    files: dict[Verdict, int]
    findings: dict[Severity, int]
    suppressed: int

    def sentence(self) -> str:
        """All of it in one line; severities without a finding are left out."""
        files = ", ".join(f"{number} {kind.value}" for kind, number in self.files.items())
        found = ", ".join(
            f"{number} {severity.value}"
            for severity, number in reversed(self.findings.items())
            if number
        )
        return f"files: {files}; findings: {found or 'none'}; suppressed: {self.suppressed}"


def count(report: Report) -> Counts:
    """Count a report."""
    files = Counter(file.verdict for file in report.files)
    findings = Counter(finding.severity for finding in report.all_findings())
    return Counts(
        {verdict: files[verdict] for verdict in Verdict},
        {severity: findings[severity] for severity in Severity},
        report.suppressed,
    )
