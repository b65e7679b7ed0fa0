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
from modelkeep.policy import Decision

SCHEMA_VERSION: Final = "1.0"


class ReportedFinding(msgspec.Struct, frozen=True):
    """A finding as reports show it: the rule by id, explained in ``Report.rules``."""

    rule: str
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    fingerprint: str
    evidence: dict[str, str] = {}

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
    """One file, its verdict and its findings."""

    path: str
    verdict: Verdict
    format: str
    findings: tuple[ReportedFinding, ...] = ()
    reason: str = ""


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

    def rule(self, identifier: str) -> Rule:
        """The rule of a finding."""
        return next(rule for rule in self.rules if rule.id == identifier)

    def render(self, name: str) -> str:
        """The report in a format: table, json, sarif, html or cyclonedx."""
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
        msgspec.structs.replace(file, findings=keep(file.findings)) for file in report.files
    )
    shown = keep(report.findings)
    named = {f.rule for f in shown} | {f.rule for file in files for f in file.findings}
    rules = tuple(rule for rule in report.rules if rule.id in named)
    return msgspec.structs.replace(report, files=files, findings=shown, rules=rules)


@dataclass(frozen=True, slots=True)
class Renderer:
    """A format: its name on the command line and the function that writes it."""

    name: str
    summary: str
    render: Callable[[Report], str]
