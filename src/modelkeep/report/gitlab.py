"""The report as a GitLab Code Quality document, shown beside a merge request.

A fingerprint is made of the rule, the place and the evidence, never of an offset, so that
a finding keeps its identity when the file around it changes. Model files have no lines;
every finding stands at line 1, and its offset in the description.

Source: GitLab documentation, "Code Quality report format".
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, Final

from modelkeep.core import Severity, Verdict
from modelkeep.core.text import printable, visible
from modelkeep.report.interface import Renderer, Report

_SEVERITY: Final = {
    Severity.INFO: "info",
    Severity.LOW: "minor",
    Severity.MEDIUM: "major",
    Severity.HIGH: "critical",
    Severity.CRITICAL: "blocker",
}


def render(report: Report) -> str:
    """The report as a list of issues, each once."""
    issues = {issue["fingerprint"]: issue for issue in reversed([*_issues(report)])}
    return json.dumps([*reversed(issues.values())], indent=2) + "\n"


def _issues(report: Report) -> Iterator[dict[str, Any]]:
    for finding in report.all_findings():
        yield _issue(
            f"{finding.location}: {finding.message}",
            f"{finding.rule} {report.rule(finding.rule).name}",
            _SEVERITY[finding.severity],
            report.base + finding.location.path,
            finding.fingerprint,
        )
    for file in report.files:
        if file.verdict is Verdict.INCONCLUSIVE:
            said = f"{file.path} was not read to its end: {file.reason}"
            yield _issue(said, "inconclusive", "critical", report.base + file.path, "unread")
    for missing in report.decision.missing if report.decision is not None else ():
        severity = "blocker" if report.exit_code else "major"
        yield _issue(missing.says, f"gate/{missing.id}", severity, report.front, "gate")


def _issue(said: str, name: str, severity: str, path: str, identity: str) -> dict[str, Any]:
    parts = printable(f"{name}\0{path}\0{identity}")
    return {
        "description": visible(said),
        "check_name": name,
        "fingerprint": hashlib.sha256(parts.encode()).hexdigest(),
        "severity": severity,
        "location": {"path": printable(path).removeprefix("./"), "lines": {"begin": 1}},
    }


RENDERER: Final = Renderer("gitlab", "GitLab Code Quality", render)
