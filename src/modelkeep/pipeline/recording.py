"""From the results of a check to its statements, one per predicate type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from modelkeep.core import Measurement, NotChecked, Risk, Severity, Subject, Verdict
from modelkeep.core.version import VERSION
from modelkeep.evidence import Statement, make_statement
from modelkeep.pipeline.artifacts import Examined
from modelkeep.pipeline.signatures import signature_statement
from modelkeep.pipeline.workspace import Workspace
from modelkeep.trust import BillOfMaterials, SignatureCheck

TOOL = f"modelkeep {VERSION}"
Facts = dict[str, int | bool]


@dataclass(frozen=True, slots=True)
class Results:
    """Everything a check found before it is recorded."""

    examined: Examined
    signature: SignatureCheck
    bill: BillOfMaterials
    bom: dict[str, Any]
    created: str
    measurements: dict[str, tuple[Measurement, ...]] = field(default_factory=dict)
    facts: dict[str, Facts] = field(default_factory=dict)
    risks: tuple[Risk, ...] = ()
    ran: tuple[str, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    materials: tuple[Subject, ...] = ()


def build_statements(workspace: Workspace, results: Results) -> list[tuple[str, Statement]]:
    """Statements of a check, each with its predicate's short name."""
    subject = results.examined.subject
    clock = workspace.keep.clock
    made = [
        ("scan", make_statement("scan", (subject,), _scan(results), clock=clock)),
        ("signature", signature_statement(workspace, subject, results.signature)),
        ("bom", make_statement("bom", (subject,), _bom(results), clock=clock)),
    ]
    made += measurement_statements(
        workspace,
        subject,
        results.measurements,
        facts=results.facts,
        not_checked=results.not_checked,
        materials=results.materials,
    )
    fields = _test_result(workspace, results)
    made.append(("test-result", make_statement("test-result", (subject,), fields, clock=clock)))
    return made


def _scan(results: Results) -> dict[str, Any]:
    scan = results.examined.scan
    digests = {
        results.examined.artifact.display(file.name): file.digest.sha256
        for file in results.examined.manifest.files
    }
    return {
        "tool": TOOL,
        "rules": list(scan.rules),
        "facts": {
            "scan_critical": scan.count(Severity.CRITICAL),
            "scan_high": scan.count(Severity.HIGH),
            "scan_inconclusive": sum(f.verdict is Verdict.INCONCLUSIVE for f in scan.files),
            "scan_unread": scan.unread,
        },
        "files": [
            {
                "path": file.path,
                "sha256": digests[file.path],
                "verdict": file.verdict.value,
                "findings": [
                    f"{f.rule.id} {f.severity} {f.location}: {f.message}" for f in file.findings
                ],
            }
            for file in scan.files
        ],
    }


def _bom(results: Results) -> dict[str, Any]:
    return {"facts": {"bom_components": results.bill.components}, "bom": results.bom}


def measurement_statements(
    workspace: Workspace,
    subject: Subject,
    measurements: Mapping[str, tuple[Measurement, ...]],
    *,
    facts: Mapping[str, Facts],
    not_checked: tuple[NotChecked, ...],
    materials: tuple[Subject, ...],
) -> list[tuple[str, Statement]]:
    """Statements of what was measured on a live model, each with its predicate's short name."""
    code = tuple(material for material in materials if material.kind == "code")
    made = []
    for key, numbers in measurements.items():
        fields = {
            "tool": TOOL,
            "facts": facts.get(key, {}),
            "measurements": msgspec.to_builtins(numbers),
            "not_checked": msgspec.to_builtins(not_checked),
            "materials": [
                {"name": m.name, "kind": m.kind, "digest": {"sha256": m.digest.sha256}}
                for m in materials
            ],
        }
        clock = workspace.keep.clock
        made.append((key, make_statement(key, (subject, *code), fields, clock=clock)))
    return made


def _test_result(workspace: Workspace, results: Results) -> dict[str, Any]:
    scan = results.examined.scan
    failed = sorted({f.rule.id for f in scan.findings if f.severity >= Severity.HIGH})
    warned = sorted({f.rule.id for f in scan.findings} - set(failed))
    passed = [rule for rule in (*scan.rules, *results.ran) if rule not in (*failed, *warned)]
    outcome = "FAILED" if failed else "WARNED" if warned or results.risks else "PASSED"
    settings = {
        "name": "settings",
        "annotations": {
            item.key: list(item.value) if isinstance(item.value, tuple) else item.value
            for item in workspace.settings.items()
        },
    }
    policy = {"name": "policy", "digest": {"sha256": workspace.gates.digest}}
    return {
        "facts": {},
        "result": outcome,
        "configuration": [policy, settings],
        "passedTests": passed,
        "warnedTests": warned,
        "failedTests": failed,
    }
