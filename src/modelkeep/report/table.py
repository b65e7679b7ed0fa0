"""The report as text for a terminal: the verdict, the worst of it, and why.

Severity and verdict are always words; colour only repeats them.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from modelkeep.core import Measurement, Severity, Verdict
from modelkeep.core.text import visible
from modelkeep.report.counts import count
from modelkeep.report.interface import Renderer, Report, ReportedFinding

WORST: Final = 5  # measured risks shown
LISTED: Final = 40  # lines of what was not checked
_WIDTH: Final = 92


def render(report: Report) -> str:
    """The report as plain text."""
    return "\n".join(visible(line) for line in _lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    subject = report.subject
    asked = f", {report.decision.action}" if report.decision is not None else ""
    yield f"{report.verdict}  {subject.name}  ({report.profile} profile{asked})"
    yield f"      {subject.digest}"
    yield from _findings(report)
    yield from _risks(report)
    yield from _measurements(report)
    if report.not_checked:
        yield from _title("Not checked")
        for missed in report.not_checked[:LISTED]:
            yield from _wrap(f"- {missed.what}: {missed.why}", 2, 4)
        if len(report.not_checked) > LISTED:
            yield f"  and {len(report.not_checked) - LISTED} more (--format json shows all)"
    yield from _decision(report)
    yield from _evidence(report)
    for note in report.notes:
        yield ""
        yield from _wrap(f"note: {note}", 0, 6)
    if report.files:
        yield ""
        yield from _wrap(count(report).sentence(), 0, 2)


def _title(text: str) -> Iterator[str]:
    yield ""
    yield text


def _wrap(text: str, first: int, rest: int) -> Iterator[str]:
    yield from textwrap.wrap(
        text, _WIDTH, initial_indent=" " * first, subsequent_indent=" " * rest,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def _findings(report: Report) -> Iterator[str]:
    found = report.all_findings()
    unread = [file for file in report.files if file.verdict is Verdict.INCONCLUSIVE]
    hidden = report.all_suppressed()
    if not found and not unread and not hidden:
        return
    yield from _title("Findings")
    for finding in found:
        yield from _finding(report, finding)
    for finding in hidden:
        yield from _finding(report, finding)
    for file in unread:
        yield from _wrap(f"inconclusive: {file.path} was not read to its end", 2, 4)
        yield from _wrap(f"--> {file.reason}", 4, 8)


def _finding(report: Report, finding: ReportedFinding) -> Iterator[str]:
    rule = report.rule(finding.rule)
    yield from _wrap(f"{finding.severity}[{rule.id} {rule.name}]: {finding.message}", 2, 4)
    yield f"    --> {finding.location}"
    if finding.suppression is not None:
        yield from _wrap(f"= suppressed by {finding.suppression}", 4, 6)
        return
    yield from _wrap(f"= confidence: {finding.confidence}; modelkeep explain {rule.id}", 4, 6)
    if finding.severity >= Severity.MEDIUM:
        yield from _wrap(f"= mend: {rule.remedy}", 4, 6)


def _risks(report: Report) -> Iterator[str]:
    if not report.risks:
        return
    yield from _title("Measured risks, worst first")
    for number, risk in enumerate(report.risks[:WORST], 1):
        yield from _wrap(f"{number}. {risk.title}", 2, 5)
        yield from _wrap(describe(risk.measurement), 5, 7)
        if risk.measurement.attacker is not None:
            attacker = risk.measurement.attacker
            yield from _wrap(f"attacker: {attacker.knowledge}, {attacker.capability}", 5, 7)
        yield from _wrap(f"mend: {risk.mend}", 5, 7)
    if len(report.risks) > WORST:
        yield f"  and {len(report.risks) - WORST} more (--format json shows all)"


def describe(measurement: Measurement) -> str:
    """A measurement in one line."""
    radius = ""
    if measurement.attacker is not None and measurement.attacker.radius is not None:
        radius = f" at {measurement.attacker.norm}:{measurement.attacker.radius:g}"
    work = ", ".join(
        f"{value} {name.replace('_', ' ')}" for name, value in measurement.budget.items()
    )
    return (
        f"{measurement.name}{radius} {measurement.value:.3f} "
        f"[{measurement.low:.3f}, {measurement.high:.3f}] {measurement.unit}, "
        f"n={measurement.n}" + (f", {work}" if work else "")
    )


def _measurements(report: Report) -> Iterator[str]:
    if not report.measurements:
        return
    yield from _title("Measurements (95 % intervals)")
    for measurement in report.measurements:
        yield from _wrap(f"- {describe(measurement)}", 2, 4)
        if measurement.note:
            yield from _wrap(measurement.note, 6, 6)


def _decision(report: Report) -> Iterator[str]:
    decision = report.decision
    if decision is None:
        return
    yield from _title("Gate")
    answer = "allowed" if decision.allowed else "denied"
    yield f"  {decision.action} {answer} by policy {decision.profile} ({decision.policy[:12]})"
    for missing in decision.missing:
        absent = f" (not proved: {', '.join(missing.absent)})" if missing.absent else ""
        yield from _wrap(f"- {missing.id}: {missing.says}{absent}", 2, 4)
        if missing.mend:
            yield from _wrap(f"mend: {missing.mend}", 4, 6)
    for error in decision.errors:
        yield from _wrap(f"- policy error: {error}", 2, 4)


def _evidence(report: Report) -> Iterator[str]:
    if not report.receipts:
        return
    yield from _title("Evidence")
    first, last = report.receipts[0].leaf_index, report.receipts[-1].leaf_index
    names = ", ".join(receipt.predicate for receipt in report.receipts)
    yield from _wrap(f"signed and logged as entries {first} to {last}: {names}", 2, 4)


RENDERER: Final = Renderer("table", "text for a terminal", render)
