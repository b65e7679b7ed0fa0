"""What a gate decided, as CycloneDX attestations: claims and counter-claims.

Each condition of the gate is a requirement. That the model meets it is a claim; that it does
not is a counter-claim, which is shipped as well: a bill that only tells the good half is
advertising. The numbers and findings behind them are evidence. A condition that is missing
because nobody proved its facts is a counter-claim too, and says so.

Source: CycloneDX 1.6 JSON schema, ``declarations`` and ``definitions.standards``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from modelkeep.core import Decision, Measurement, Missing
from modelkeep.core.text import printable
from modelkeep.core.version import VERSION
from modelkeep.report.interface import Report, ReportedFinding


def attest(report: Report) -> dict[str, Any]:
    """The parts of a document that carry the attestations; empty without a decision.

    Args:
        report: the decision, and what it rests on.
    """
    decision = report.decision
    if decision is None:
        return {}
    target = f"target:{report.subject.digest}"
    evidence = [_number(m, n, report.created) for n, m in enumerate(report.measurements)]
    evidence += [_finding(f, n, report.created) for n, f in enumerate(report.all_findings())]
    numbers = [f"evidence:measurement:{n}" for n in range(len(report.measurements))]
    found = [f"evidence:finding:{n}" for n in range(len(report.all_findings()))]
    claims = [_whole(decision, target, numbers, found)]
    claims += [_counter(one, target) for one in decision.missing]
    return {
        "definitions": {"standards": [_standard(decision)]},
        "declarations": {
            "assessors": [
                {
                    "bom-ref": "assessor:modelkeep",
                    "thirdParty": False,
                    "organization": {"name": f"modelkeep {VERSION}, run by the model's owner"},
                }
            ],
            "attestations": [
                {
                    "summary": f"gate {decision.action} of profile {decision.profile}",
                    "assessor": "assessor:modelkeep",
                    "map": _map(decision),
                }
            ],
            "claims": claims,
            **({"evidence": evidence} if evidence else {}),
            "targets": {"components": [_target(target, report)]},
        },
    }


def _target(ref: str, report: Report) -> dict[str, Any]:
    """The model, by digest; the bill's own component has another reference."""
    sha256 = report.subject.digest.sha256
    return {
        "type": "machine-learning-model",
        "bom-ref": ref,
        "name": printable(report.subject.name),
        **({"hashes": [{"alg": "SHA-256", "content": sha256}]} if sha256 else {}),
    }


def _standard(decision: Decision) -> dict[str, Any]:
    """The policy, by its digest, with the conditions this document speaks of."""
    whole = {
        "bom-ref": "requirement:allowed",
        "identifier": "allowed",
        "text": f"every condition of the gate {decision.action} holds",
    }
    missing = [
        {
            "bom-ref": f"requirement:{one.id}",
            "identifier": one.id,
            "text": printable(f"not: {one.says}"),
            "parent": "requirement:allowed",
        }
        for one in decision.missing
    ]
    return {
        "bom-ref": "standard:gate",
        "name": f"modelkeep gate {decision.action}, profile {decision.profile}",
        "version": decision.policy,
        "owner": "whoever signs the policy",
        "requirements": [whole, *missing],
    }


def _whole(
    decision: Decision, target: str, numbers: Sequence[str], found: Sequence[str]
) -> dict[str, Any]:
    """That the model may be used: evidence for it, and evidence against it."""
    verb = "may" if decision.allowed else "may not"
    errors = "".join(f"; error: {error}" for error in decision.errors)
    return {
        "bom-ref": "claim:allowed",
        "target": target,
        "predicate": f"the gate says that the model {verb} {decision.action}",
        "reasoning": printable(
            f"policy {decision.policy}{f'; errors: {errors}' if errors else ''}"
        ),
        **({"evidence": list(numbers)} if numbers else {}),
        **({"counterEvidence": list(found)} if found else {}),
    }


def _counter(missing: Missing, target: str) -> dict[str, Any]:
    absent = f"; nobody proved {', '.join(missing.absent)}" if missing.absent else ""
    return {
        "bom-ref": f"claim:{missing.id}",
        "target": target,
        "predicate": printable(missing.says),
        "reasoning": printable(f"mend: {missing.mend}{absent}"),
    }


def _map(decision: Decision) -> list[dict[str, Any]]:
    whole = "claims" if decision.allowed else "counterClaims"
    rows: list[dict[str, Any]] = [
        {
            "requirement": "requirement:allowed",
            whole: ["claim:allowed"],
            "conformance": {"score": 1.0 if decision.allowed else 0.0},
        }
    ]
    rows += [
        {
            "requirement": f"requirement:{one.id}",
            "counterClaims": [f"claim:{one.id}"],
            "conformance": {"score": 0.0},
        }
        for one in decision.missing
    ]
    return rows


def _number(m: Measurement, number: int, created: str) -> dict[str, Any]:
    said = f"{m.value!r} [{m.low!r}, {m.high!r}] {m.unit}, n={m.n}"
    return _evidence(f"measurement:{number}", m.name, said, created)


def _finding(finding: ReportedFinding, number: int, created: str) -> dict[str, Any]:
    said = f"{finding.severity} {finding.location}: {finding.message}"
    return _evidence(f"finding:{number}", finding.rule, said, created)


def _evidence(ref: str, name: str, said: str, created: str) -> dict[str, Any]:
    content = {"attachment": {"contentType": "text/plain", "content": printable(said)}}
    return {
        "bom-ref": f"evidence:{ref}",
        "propertyName": f"modelkeep:{name}",
        "data": [{"name": name, "contents": content}],
        "created": created,
    }
