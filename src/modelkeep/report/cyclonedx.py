"""A machine-learning bill of materials: CycloneDX 1.6 with a model card.

Built as JSON here because cyclonedx-python-lib drops ``modelCard`` when it writes;
that library validates it in the tests.

Source: CycloneDX 1.6 JSON schema (component types machine-learning-model, data, file).
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from typing import Any, Final

from modelkeep.core import Measurement, ModelkeepError, Subject
from modelkeep.core.version import VERSION
from modelkeep.report.interface import Renderer, Report
from modelkeep.trust import BillOfMaterials


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
        "properties": [{"name": "modelkeep:formats", "value": ", ".join(bill.formats)}],
    }
    parts = _unique([*data, *files, *libraries])
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, model_ref + created)}",
        "version": 1,
        "metadata": {
            "timestamp": created,
            "tools": {
                "components": [{"type": "application", "name": "modelkeep", "version": VERSION}]
            },
            "component": model,
        },
        "components": parts,
        "dependencies": [{"ref": model_ref, "dependsOn": [part["bom-ref"] for part in parts]}],
    }


def _file(name: str, sha256: str) -> dict[str, Any]:
    return {
        "type": "file",
        "bom-ref": f"file:{name}",
        "name": name,
        "hashes": [{"alg": "SHA-256", "content": sha256}],
    }


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
    """The bill of materials of a report.

    Raises:
        ModelkeepError: the report is of a command that gathers none.
    """
    if report.bom is None:
        raise ModelkeepError("this report holds no bill of materials", "Run `modelkeep check`.")
    return json.dumps(report.bom, indent=2) + "\n"


RENDERER: Final = Renderer(
    "cyclonedx", "CycloneDX 1.6 bill of materials with model card", render
)
