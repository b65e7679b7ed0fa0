"""The report as workflow commands of GitHub Actions, which become annotations.

Whatever stands in a command comes from files, so everything that could end it or begin
another one is escaped.

Source: GitHub documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from modelkeep.core import Severity, Verdict
from modelkeep.core.text import visible
from modelkeep.report.counts import count
from modelkeep.report.interface import Renderer, Report

_LEVEL: Final = {
    Severity.INFO: "notice",
    Severity.LOW: "notice",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}


def render(report: Report) -> str:
    """One command per line, then a line of counts."""
    lines = [*_commands(report), f"{report.verdict}: {count(report).sentence()}"]
    return "\n".join(lines) + "\n"


def _commands(report: Report) -> Iterator[str]:
    for finding in report.all_findings():
        title = f"{finding.rule} {report.rule(finding.rule).name}"
        said = f"{finding.severity}: {finding.message} ({finding.location})"
        path = report.base + finding.location.path
        yield _command(_LEVEL[finding.severity], path, title, said)
    for file in report.files:
        if file.verdict is Verdict.INCONCLUSIVE:
            said = f"not read to its end: {file.reason}"
            yield _command("error", report.base + file.path, "inconclusive", said)
    for missing in report.decision.missing if report.decision is not None else ():
        level = "error" if report.exit_code else "warning"
        yield _command(
            level, report.front, f"gate/{missing.id}", f"{missing.says}. {missing.mend}"
        )


def _command(level: str, path: str, title: str, message: str) -> str:
    place = f"file={_value(path)},title={_value(title)}"
    return f"::{level} {place}::{_data(message)}"


def _data(text: str) -> str:
    """A message; line breaks are already written as escapes by ``visible``."""
    return visible(text).replace("%", "%25")


def _value(text: str) -> str:
    """A property, which also ends at a colon or a comma."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")


RENDERER: Final = Renderer("github", "annotations of GitHub Actions", render)
