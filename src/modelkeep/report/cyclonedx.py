"""A machine-learning bill of materials: CycloneDX 1.6 with a model card.

Built as JSON here because cyclonedx-python-lib drops ``modelCard`` when it writes;
that library validates it in the tests.

Source: CycloneDX 1.6 JSON schema (component types machine-learning-model, data, file).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from modelkeep.core import Digest, Measurement, Rule, Subject
from modelkeep.core.text import printable
from modelkeep.core.version import VERSION
from modelkeep.report.attestations import attest
from modelkeep.report.interface import Renderer, Report, ReportedFile, ReportedFinding

if TYPE_CHECKING:  # the trust room brings cryptography, which a plain scan does without
    from modelkeep.trust import BillOfMaterials

_TOOLS: Final = {
    "components": [{"type": "application", "name": "modelkeep", "version": VERSION}]
}


def build_bom(
    bill: BillOfMaterials, measurements: Sequence[Measurement], created: str
) -> dict[str, Any]:
    """The CycloneDX document of a model.

    Args:
        bill: what the model is made of.
        measurements: numbers for the model card.
        created: RFC 3339 time.
    """
    model_ref = f"sha256:{bill.model.digest.sha256}"
    files = [_file(file.name, file.digest.sha256) for file in bill.files]
    data = [_data(subject) for subject in bill.data]
    libraries = [
        {
            "type": "library",
            "bom-ref": f"pkg:pypi/{library.name}@{library.version}",
            "name": library.name,
            "version": library.version,
            "purl": f"pkg:pypi/{library.name}@{library.version}",
        }
        for library in bill.libraries
    ]
    model = {
        "type": "machine-learning-model",
        "bom-ref": model_ref,
        "name": bill.model.name,
        "hashes": [{"alg": "SHA-256", "content": bill.model.digest.sha256}],
        "modelCard": _model_card(bill, measurements),
        **_origin(bill),
        "properties": [
            {"name": "modelkeep:formats", "value": ", ".join(bill.formats)},
            *(
                {"name": "modelkeep:unresolved", "value": printable(name)}
                for name in bill.unresolved
            ),
        ],
    }
    parts = _unique([*data, *map(_base, bill.base_models), *files, *libraries])
    return {
        **_envelope(model_ref + created),
        "metadata": {
            "timestamp": created,
            "tools": _TOOLS,
            "component": model,
        },
        "components": parts,
        "dependencies": [{"ref": model_ref, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _envelope(identity: str) -> dict[str, Any]:
    """What every document starts with; the same identity gives the same serial number."""
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, identity)}",
        "version": 1,
    }


def _file(name: str, sha256: str) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }


def _base(subject: Subject) -> dict[str, Any]:
    return {
        "type": "machine-learning-model",
        "bom-ref": f"model:{subject.digest.sha256}",
        "name": subject.name,
        "hashes": [{"alg": "SHA-256", "content": subject.digest.sha256}],
    }


def _origin(bill: BillOfMaterials) -> dict[str, Any]:
    """Licences as stated, and the models it was made from.

    The hub writes licences in its own spelling, which is no SPDX id: they are names here.
    """
    found: dict[str, Any] = {}
    if bill.licences:
        found["licenses"] = [{"license": {"name": printable(name)}} for name in bill.licences]
    if bill.base_models:
        # The same components stand in the list of parts; a reference names a thing once.
        plain = [
            {**_base(one), "bom-ref": f"ancestor:{one.digest.sha256}"}
            for one in bill.base_models
        ]
        found["pedigree"] = {"ancestors": plain}
    return found


def _data(subject: Subject) -> dict[str, Any]:
    code = subject.kind == "code"
    return {
        "type": "file" if code else "data",
        "bom-ref": f"{subject.kind}:{subject.digest.sha256}",
        "name": subject.name,
        "hashes": [{"alg": "SHA-256", "content": subject.digest.sha256}],
        **({} if code else {"data": [{"type": "dataset", "name": subject.name}]}),
    }


def _unique(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each component once: train and test may be the same file."""
    return list({part["bom-ref"]: part for part in parts}.values())


def _model_card(bill: BillOfMaterials, measurements: Sequence[Measurement]) -> dict[str, Any]:
    metrics = [
        {
            "type": m.name,
            "value": f"{m.value:.6g}",
            "confidenceInterval": {"lowerBound": f"{m.low:.6g}", "upperBound": f"{m.high:.6g}"},
        }
        for m in measurements
    ]
    card: dict[str, Any] = {
        "modelParameters": {
            "task": "classification",
            "datasets": [
                {"ref": f"dataset:{s.digest.sha256}"} for s in bill.data if s.kind == "dataset"
            ],
        },
    }
    if metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    notes = [f"{m.name}: {m.note}" for m in measurements if m.note]
    if notes:
        card["considerations"] = {"technicalLimitations": notes}
    return card


def render(report: Report) -> str:
    """The bill of materials of a check; of any other report its files and findings."""
    document = report.bom if report.bom is not None else _scanned(report)
    return json.dumps({**document, **attest(report)}, indent=2) + "\n"


def _scanned(report: Report) -> dict[str, Any]:
    """The files that were read as components, the rules that fired as vulnerabilities."""
    whole = _hashes(report.subject.digest)
    model_ref = str(report.subject.digest)
    files = _unique([_scanned_file(file) for file in report.files])
    found = [*report.all_findings(), *report.all_suppressed()]
    by_rule = {rule.id: [f for f in found if f.rule == rule.id] for rule in report.rules}
    known = {part["bom-ref"] for part in files}
    return {
        **_envelope(model_ref + report.created),
        "metadata": {
            "timestamp": report.created,
            "tools": _TOOLS,
            "component": {
                "type": "machine-learning-model",
                "bom-ref": model_ref,
                "name": printable(report.subject.name),
                **({"hashes": whole} if whole else {}),
            },
            "properties": [{"name": "modelkeep:verdict", "value": report.verdict.value}],
        },
        "components": files,
        "dependencies": [{"ref": model_ref, "dependsOn": sorted(known)}],
        "vulnerabilities": [
            _vulnerability(report.rule(rule), hits, known | {model_ref}, model_ref)
            for rule, hits in by_rule.items()
            if hits
        ],
    }


def _scanned_file(file: ReportedFile) -> dict[str, Any]:
    hashes = _hashes(file.digest) if file.digest is not None else []
    facts = {"format": file.format, "verdict": file.verdict.value, "reason": file.reason}
    return {
        "type": "file",
        "bom-ref": f"file:{printable(file.path)}",
        "name": printable(file.path),
        **({"hashes": hashes} if hashes else {}),
        "properties": [
            {"name": f"modelkeep:{key}", "value": printable(value)}
            for key, value in facts.items()
            if value
        ],
    }


def _hashes(digest: Digest) -> list[dict[str, str]]:
    pairs = (("SHA-256", digest.sha256), ("BLAKE3", digest.blake3))
    return [{"alg": name, "content": content} for name, content in pairs if content]


def _vulnerability(
    rule: Rule, found: list[ReportedFinding], known: set[str], whole: str
) -> dict[str, Any]:
    worst = max(finding.severity for finding in found)
    places = dict.fromkeys(f"file:{printable(finding.location.path)}" for finding in found)
    cwes = [int(tag.removeprefix("CWE-")) for tag in rule.tags if tag.startswith("CWE-")]
    return {
        "bom-ref": f"rule:{rule.id}",
        "id": rule.id,
        "source": {"name": "modelkeep"},
        "ratings": [{"severity": worst.value, "method": "other"}],
        **({"cwes": cwes} if cwes else {}),
        "description": rule.summary,
        "recommendation": rule.remedy,
        "affects": [
            {"ref": ref} for ref in dict.fromkeys(p if p in known else whole for p in places)
        ],
        "properties": [_fact(finding) for finding in found],
    }


def _fact(finding: ReportedFinding) -> dict[str, str]:
    kind = "finding" if finding.suppression is None else "suppressed"
    said = f"{finding.severity} {finding.location}: {finding.message}"
    return {"name": f"modelkeep:{kind}", "value": printable(said)}


RENDERER: Final = Renderer(
    "cyclonedx", "CycloneDX 1.6 bill of materials with model card", render
)
