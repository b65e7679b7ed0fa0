"""The report as SARIF 2.1.0, for code hosts and security dashboards.

Findings are results; so are the conditions a gate missed, because a pipeline that
reads only SARIF must see why it was stopped.

Source: OASIS SARIF 2.1.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import quote

from modelkeep.core import Rule, Severity, Verdict
from modelkeep.core.taxonomy import topic
from modelkeep.core.version import VERSION
from modelkeep.report.interface import Renderer, Report, ReportedFinding

_LEVEL: Final = {
    Severity.INFO: "note",
    Severity.LOW: "note",
    Severity.MEDIUM: "warning",
    Severity.HIGH: "error",
    Severity.CRITICAL: "error",
}
_SCORE: Final = {
    Severity.INFO: "0.0",
    Severity.LOW: "3.0",
    Severity.MEDIUM: "5.5",
    Severity.HIGH: "8.0",
    Severity.CRITICAL: "9.5",
}


def render(report: Report) -> str:
    """The report as a SARIF log."""
    rules = [_rule(report, rule) for rule in report.rules]
    rules += _gate_rules(report)
    places = {rule["id"]: index for index, rule in enumerate(rules)}
    run = {
        "tool": {"driver": {"name": "modelkeep", "semanticVersion": VERSION, "rules": rules}},
        "artifacts": [
            {"location": _uri(report.base + p)}
            for p in dict.fromkeys(f.path for f in report.files)
        ],
        "invocations": [
            {
                "executionSuccessful": report.verdict.value != "inconclusive",
                "exitCode": report.exit_code,
                "endTimeUtc": report.created,
                "toolExecutionNotifications": [
                    {"level": "note", "message": {"text": f"not checked: {m.what}: {m.why}"}}
                    for m in report.not_checked
                ]
                + [
                    {"level": "error", "message": {"text": f"{f.path}: {f.reason}"}}
                    for f in report.files
                    if f.verdict is Verdict.INCONCLUSIVE
                ],
            }
        ],
        "results": [*_results(report, places), *_gate_results(report, places)],
        "properties": {"subject": str(report.subject.digest), "profile": report.profile},
    }
    log = {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return json.dumps(log, indent=2) + "\n"


def _uri(path: str) -> dict[str, str]:
    return {"uri": quote(path)}


def _rule(report: Report, rule: Rule) -> dict[str, Any]:
    found = (*report.all_findings(), *report.all_suppressed())
    worst = max(f.severity for f in found if f.rule == rule.id)
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": f"{rule.remedy} More: modelkeep explain {rule.id}"},
        "properties": {
            "tags": ["security", *rule.tags, *topic(rule.topic).tags()],
            "security-severity": _SCORE[worst],
        },
    }


def _results(report: Report, places: dict[str, int]) -> Iterator[dict[str, Any]]:
    for finding in (*report.all_findings(), *report.all_suppressed()):
        result: dict[str, Any] = {
            "ruleId": finding.rule,
            "ruleIndex": places[finding.rule],
            "level": _LEVEL[finding.severity],
            "message": {"text": finding.message},
            "locations": [_location(report.base, finding)],
            "partialFingerprints": {
                "modelkeep/v1": finding.fingerprint,
                "modelDigest": report.subject.digest.blake3,
            },
            "properties": {
                "severity": str(finding.severity),
                "confidence": str(finding.confidence),
            },
        }
        if finding.suppression is not None:
            why = str(finding.suppression)
            result["suppressions"] = [
                {"kind": "external", "status": "accepted", "justification": why}
            ]
        yield result


def _location(base: str, finding: ReportedFinding) -> dict[str, Any]:
    place = finding.location
    physical: dict[str, Any] = {"artifactLocation": _uri(base + place.path)}
    if place.offset is not None and place.member is None:
        physical["region"] = {"byteOffset": place.offset, "byteLength": 1}
    located: dict[str, Any] = {"physicalLocation": physical}
    if place.member is not None:
        located["logicalLocations"] = [{"fullyQualifiedName": str(place), "kind": "member"}]
    return located


def _gate_rules(report: Report) -> list[dict[str, Any]]:
    if report.decision is None:
        return []
    return [
        {
            "id": f"gate/{missing.id}",
            "shortDescription": {"text": missing.says or missing.id},
            "help": {"text": missing.mend or "See the policy file."},
            "properties": {"tags": ["policy"]},
        }
        for missing in report.decision.missing
    ]


def _gate_results(report: Report, places: dict[str, int]) -> Iterator[dict[str, Any]]:
    decision = report.decision
    if decision is None:
        return
    for missing in decision.missing:
        absent = f"; not proved: {', '.join(missing.absent)}" if missing.absent else ""
        identifier = f"gate/{missing.id}"
        yield {
            "ruleId": identifier,
            "ruleIndex": places[identifier],
            "level": "error" if report.exit_code else "warning",
            "message": {"text": f"{decision.action} denied: {missing.says}{absent}"},
            "locations": [{"physicalLocation": {"artifactLocation": _uri(report.front)}}],
            "partialFingerprints": {"modelDigest": report.subject.digest.blake3},
        }


RENDERER: Final = Renderer("sarif", "SARIF 2.1.0, for code hosts", render)
