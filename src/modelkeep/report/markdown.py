"""The report as Markdown, for merge requests, chats and job summaries.

Names and messages come from files: they are escaped so that they neither format the page,
nor link, nor mention anybody.

Source: CommonMark 0.31 (backslash escapes); GitHub Flavored Markdown (tables).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from modelkeep.core import Verdict
from modelkeep.core.text import visible
from modelkeep.report.counts import count
from modelkeep.report.interface import Renderer, Report, ReportedFinding
from modelkeep.report.table import LISTED, WORST, describe

_SPECIAL: Final = re.compile(r"[\\`*_{}\[\]()#+.!|~-]")


def render(report: Report) -> str:
    """The report as a page that begins with its verdict."""
    return "\n".join(_lines(report)) + "\n"


def escaped(text: str) -> str:
    """Plain text that means nothing to Markdown."""
    plain = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # A mention or a bare address is broken by an empty comment in front of it.
    plain = _SPECIAL.sub(lambda found: "\\" + found[0], plain)
    return plain.replace("@", "@<!-- -->").replace("://", ":<!-- -->//")


def _code(text: str) -> str:
    """A code span, fenced by more backticks than the text holds; safe in a table cell."""
    plain = visible(text).replace("|", "¦")
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", plain)), default=0))
    pad = " " if "`" in plain else ""
    return f"{fence}{pad}{plain}{pad}{fence}"


def _lines(report: Report) -> Iterator[str]:
    subject = report.subject
    yield f"# {report.verdict}: {escaped(subject.name)}"
    yield ""
    yield f"{_code(str(subject.digest))}, {escaped(report.profile)} profile, {report.created}"
    if report.files:
        yield ""
        yield f"**{count(report).sentence()}**"
    yield from _findings("Findings", report.all_findings())
    yield from _findings("Suppressed", report.all_suppressed())
    yield from _unread(report)
    if report.risks:
        yield from _title("Measured risks, worst first")
        for risk in report.risks[:WORST]:
            yield f"- {escaped(risk.title)}: {escaped(describe(risk.measurement))}"
    yield from _gate(report)
    yield from _not_checked(report)
    for note in report.notes:
        yield from ("", f"Note: {escaped(note)}")


def _title(text: str) -> Iterator[str]:
    yield from ("", f"## {text}", "")


def _findings(title: str, found: Iterable[ReportedFinding]) -> Iterator[str]:
    rows = [
        f"| {finding.severity} | {finding.rule} | {_code(str(finding.location))} "
        f"| {escaped(_said(finding))} |"
        for finding in found
    ]
    if rows:
        yield from _title(title)
        yield from ("| severity | rule | place | what |", "|---|---|---|---|", *rows)


def _said(finding: ReportedFinding) -> str:
    why = finding.suppression
    return finding.message if why is None else f"{finding.message} ({why})"


def _unread(report: Report) -> Iterator[str]:
    unread = [file for file in report.files if file.verdict is Verdict.INCONCLUSIVE]
    if unread:
        yield from _title("Not read to the end")
        yield from (f"- {_code(file.path)}: {escaped(file.reason)}" for file in unread)


def _gate(report: Report) -> Iterator[str]:
    decision = report.decision
    if decision is None:
        return
    yield from _title("Gate")
    word = "allowed" if decision.allowed else "denied"
    yield f"{escaped(decision.action)} {word} by policy {escaped(decision.profile)}"
    for missing in decision.missing:
        yield f"- {escaped(missing.id)}: {escaped(missing.says)}. {escaped(missing.mend)}"
    yield from (f"- policy error: {escaped(error)}" for error in decision.errors)


def _not_checked(report: Report) -> Iterator[str]:
    if not report.not_checked:
        return
    yield from _title("Not checked")
    for missed in report.not_checked[:LISTED]:
        yield f"- {_code(missed.what)}: {escaped(missed.why)}"
    if len(report.not_checked) > LISTED:
        yield f"- and {len(report.not_checked) - LISTED} more"


RENDERER: Final = Renderer("md", "Markdown, for merge requests and job summaries", render)
