"""CycloneDX attestations: valid, whole, and with what speaks against the model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import check_samples as samples
from modelkeep.core import Decision
from modelkeep.report import Report
from modelkeep.report.attestations import attest


def document(report: Report) -> dict[str, Any]:
    made: dict[str, Any] = json.loads(report.render("cyclonedx"))
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(made)) is None
    return made


def references(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    """Every reference of a document with the key it stands at."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from references(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner, key)
    elif isinstance(value, str):
        yield key, value


def test_failing_conditions_ship_as_counter_claims() -> None:
    made = document(samples.report(bom=None))["declarations"]
    (attestation,) = made["attestations"]
    rows = {row["requirement"]: row for row in attestation["map"]}
    assert set(rows) == {
        "requirement:allowed",
        "requirement:robust",
        "requirement:signed-by-trusted",
    }
    assert all(row["conformance"]["score"] == 0.0 for row in rows.values())
    assert all("counterClaims" in row and "claims" not in row for row in rows.values())
    claims = {claim["bom-ref"]: claim for claim in made["claims"]}
    assert claims["claim:robust"]["predicate"] == "small changes change the answer"
    assert "nobody proved signature_trusted" in claims["claim:signed-by-trusted"]["reasoning"]
    assert "overflow in a policy" in claims["claim:allowed"]["reasoning"]


def test_allowed_model_is_claimed_with_its_numbers_and_findings_against_it() -> None:
    allowed = Decision("deploy", True, "ef" * 32, "prod")
    made = document(samples.report(bom=None, decision=allowed))["declarations"]
    (row,) = made["attestations"][0]["map"]
    assert row["claims"] == ["claim:allowed"]
    (claim,) = made["claims"]
    assert len(claim["evidence"]) == 2
    assert len(claim["counterEvidence"]) == 2
    texts = [e["data"][0]["contents"]["attachment"]["content"] for e in made["evidence"]]
    assert texts[0] == "0.75 [0.7, 0.8] fraction, n=200"


@pytest.mark.parametrize("kind", ["clean check", "failing check", "inconclusive check", "gate"])
def test_every_reference_of_a_real_report_resolves(
    kind: str, reports: dict[str, Report]
) -> None:
    made = document(reports[kind])
    found = list(references(made))
    known = [value for key, value in found if key == "bom-ref"]
    assert len(known) == len(set(known)), "a reference names one thing"
    pointing = {
        "requirement",
        "claims",
        "counterClaims",
        "evidence",
        "counterEvidence",
        "target",
    }
    pointing |= {"assessor", "parent", "ref", "dependsOn"}
    dangling = {value for key, value in found if key in pointing} - set(known)
    assert dangling == set()
    assert reports[kind].decision is not None
    assert made["declarations"]["claims"]


def test_report_without_a_decision_attests_nothing(reports: dict[str, Report]) -> None:
    assert attest(reports["scan"]) == {}
    assert "declarations" not in document(reports["scan"])


def test_names_that_no_text_can_hold_are_escaped() -> None:
    missing = msgspec.structs.replace(samples.denied().missing[0], says="odd \udcff")
    denied = msgspec.structs.replace(samples.denied(), missing=(missing,))
    made = document(samples.report(bom=None, decision=denied))["declarations"]
    assert made["claims"][1]["predicate"] == "odd \\udcff"
