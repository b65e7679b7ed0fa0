"""One report object, many faces; this is what the JSON looks like.

Its JSON Schema is made from these structs (``report.json_schema``) and published in
``docs/reference/report.schema.json``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from modelkeep.core import (
    Confidence,
    Decision,
    Digest,
    Finding,
    Location,
    Measurement,
    NotChecked,
    Risk,
    Rule,
    Severity,
    Subject,
    Verdict,
)
from modelkeep.core.version import VERSION

SCHEMA_VERSION: Final = "1.0"


class Suppression(msgspec.Struct, frozen=True):
    """Why a finding does not count.

    Attributes:
        kind: ``ignore`` (an entry of the settings file), ``baseline`` or ``vex``.
        reason: in the words of whoever decided so.
        until: last day it holds, ISO 8601; empty means for good.
    """

    kind: str
    reason: str
    until: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.reason}" + (f" (until {self.until})" if self.until else "")


class ReportedFinding(msgspec.Struct, frozen=True):
    """A finding as reports show it: the rule by id, explained in ``Report.rules``.

    ``place`` is the location as text without its offset: ``file!member``.
    """

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    fingerprint: str
    evidence: dict[str, str] = {}
    place: str = ""
    suppression: Suppression | None = None

    def __post_init__(self) -> None:
        """Write the place out, so that nobody has to put it together."""
        where = self.location
        place = where.path if where.member is None else f"{where.path}!{where.member}"
        msgspec.structs.force_setattr(self, "place", place)

    @classmethod
    def of(cls, finding: Finding) -> ReportedFinding:
        """From what a rule yields."""
        return cls(
            finding.rule.id,
            finding.severity,
            finding.confidence,
            finding.message,
            finding.location,
            finding.fingerprint,
            dict(finding.evidence),
        )


class ReportedFile(msgspec.Struct, frozen=True):
    """One file, its verdict, its findings, and those that do not count."""

    path: str
    verdict: Verdict
    format: str
    findings: tuple[ReportedFinding, ...] = ()
    reason: str = ""
    suppressed: tuple[ReportedFinding, ...] = ()
    digest: Digest | None = None
    size: int | None = None


class ReportedReceipt(msgspec.Struct, frozen=True):
    """A statement that was recorded."""

    predicate: str
    statement_id: str
    leaf_index: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a check, scan or gate.

    Attributes:
        verdict: PASS, FAIL or INCONCLUSIVE, as the exit code says.
        subject: the model, by digest.
        profile: whose rules.
        created: when, RFC 3339.
        files: every file of the artifact.
        findings: about the artifact as a whole, such as its signature.
        measurements: every number.
        risks: measured risks, worst first.
        not_checked: what nobody looked at, and why.
        decision: the gate's answer, if one was asked.
        receipts: statements recorded.
        rules: the rules that found something, explained.
        materials: data sets and code used, by digest.
        bom: the CycloneDX document.
        notes: what a reader should know besides.
        suppressed: how many findings do not count, shown or not.
        base: what to put in front of a file's path to find it from the working directory.
    """

    verdict: Verdict
    subject: Subject
    profile: str
    created: str
    files: tuple[ReportedFile, ...] = ()
    findings: tuple[ReportedFinding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    risks: tuple[Risk, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    decision: Decision | None = None
    receipts: tuple[ReportedReceipt, ...] = ()
    rules: tuple[Rule, ...] = ()
    materials: tuple[Subject, ...] = ()
    bom: dict[str, Any] | None = None
    notes: tuple[str, ...] = ()
    suppressed: int = 0
    base: str = ""
    tool: str = f"modelkeep {VERSION}"
    schema_version: str = SCHEMA_VERSION

    @property
    def exit_code(self) -> int:
        """0 pass, 1 policy said no, 2 inconclusive; the report profile never fails."""
        if self.profile == "report" and self.verdict is Verdict.FAIL:
            return 0
        return self.verdict.exit_code

    def all_findings(self) -> tuple[ReportedFinding, ...]:
        """Findings of the artifact and of its files, worst first."""
        found = [*self.findings, *(f for file in self.files for f in file.findings)]
        return tuple(sorted(found, key=lambda f: f.severity.rank, reverse=True))

    def all_suppressed(self) -> tuple[ReportedFinding, ...]:
        """Findings of files that do not count, worst first."""
        found = [f for file in self.files for f in file.suppressed]
        return tuple(sorted(found, key=lambda f: f.severity.rank, reverse=True))

    @property
    def front(self) -> str:
        """Where to point at what concerns the whole artifact: its first file."""
        return self.base + self.files[0].path if self.files else self.subject.name

    def rule(self, identifier: str) -> Rule:
        """The rule of a finding."""
        return next(rule for rule in self.rules if rule.id == identifier)

    def render(self, name: str) -> str:
        """The report in a format, such as ``table``, ``json`` or ``sarif``."""
        from modelkeep.report import render  # noqa: PLC0415 - the face imports this file

        return render(self, name)

    def to_json(self) -> str:
        """The report as JSON."""
        return self.render("json")

    def write_html(self, path: str | Path) -> Path:
        """Write the report as one HTML file."""
        target = Path(path)
        target.write_text(self.render("html"), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        """How a notebook shows it: a frame, so that its styles stay inside."""
        import html  # noqa: PLC0415 - only notebooks need it

        page = html.escape(self.render("html"), quote=True)
        return f'<iframe srcdoc="{page}" width="100%" height="720" sandbox></iframe>'


def filter_findings(report: Report, least: str) -> Report:
    """The report without findings milder than ``least``; its verdict stays.

    Raises:
        ValueError: no such severity.
    """
    floor = Severity(least)

    def keep(found: tuple[ReportedFinding, ...]) -> tuple[ReportedFinding, ...]:
        return tuple(finding for finding in found if finding.severity >= floor)

    files = tuple(
        msgspec.structs.replace(
            file, findings=keep(file.findings), suppressed=keep(file.suppressed)
        )
        for file in report.files
    )
    shown = msgspec.structs.replace(report, files=files, findings=keep(report.findings))
    named = {f.rule for f in (*shown.all_findings(), *shown.all_suppressed())}
    rules = tuple(rule for rule in report.rules if rule.id in named)
    return msgspec.structs.replace(shown, rules=rules)


def hide_suppressed(report: Report) -> Report:
    """The report without the findings that do not count; their number stays."""
    files = tuple(msgspec.structs.replace(file, suppressed=()) for file in report.files)
    return msgspec.structs.replace(report, files=files)


@dataclass(frozen=True, slots=True)
class Renderer:
    """A format: its name on the command line and the function that writes it."""

    name: str
    summary: str
    render: Callable[[Report], str]
