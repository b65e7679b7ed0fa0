"""The JSON report: described by its schema, complete, and lower case."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, ValidationError

import check_samples as samples
from modelkeep.core import Confidence, Severity, Verdict
from modelkeep.report import SCHEMA_VERSION, Report, json_schema

KINDS = (
    "clean check",
    "failing check",
    "gate",
    "inconclusive check",
    "scan",
    "hand-made",
)
FINDING = {
    *("rule", "severity", "confidence", "message", "location", "fingerprint", "evidence"),
    *("place", "suppression"),
}
MEASUREMENT = {"name", "value", "low", "high", "unit", "n", "attacker", "budget", "seed"}


def document(report: Report) -> dict[str, Any]:
    found = json.loads(report.to_json())
    assert isinstance(found, dict)
    return found


def validate(found: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(json_schema())
    Draft202012Validator(json_schema()).validate(found)


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_is_what_the_schema_says(kind: str, reports: dict[str, Report]) -> None:
    validate(document(reports[kind]))


def test_report_holds_what_the_design_promises() -> None:
    found = document(samples.report())
    assert found["schema_version"] == SCHEMA_VERSION
    assert found["verdict"] == "fail"
    assert found["subject"] == {
        "kind": "model",
        "name": "model.onnx",
        "digest": {"sha256": "ab" * 32, "blake3": "cd" * 32},
    }
    (file, unread) = found["files"]
    assert {"path", "verdict", "findings"} <= file.keys()
    (finding,) = file["findings"]
    assert finding.keys() == FINDING
    assert finding["place"] == "model.pkl!archive/data.pkl"
    assert finding["location"] == {
        "path": "model.pkl",
        "member": "archive/data.pkl",
        "offset": 4,
    }
    assert (unread["verdict"], unread["reason"]) == ("inconclusive", "ends in the middle")
    assert all(number.keys() >= MEASUREMENT for number in found["measurements"])
    assert found["not_checked"] == [
        {"what": "poisoning", "why": "no clean data to compare with"}
    ]
    decision = found["decision"]
    assert (decision["action"], decision["allowed"], decision["profile"]) == (
        "deploy",
        False,
        "prod",
    )
    assert decision["policy"] == "ef" * 32
    assert [missing["id"] for missing in decision["missing"]] == ["robust", "signed-by-trusted"]
    assert decision["missing"][1]["absent"] == ["signature_trusted"]
    assert decision["errors"] == ["overflow in a policy"]


def test_numbers_of_a_check_carry_interval_attacker_budget_and_seed(
    reports: dict[str, Report],
) -> None:
    numbers = {m["name"]: m for m in document(reports["clean check"])["measurements"]}
    robust = numbers["robust_accuracy"]
    assert robust["low"] <= robust["value"] <= robust["high"]
    assert (robust["unit"], robust["n"], robust["seed"]) == ("fraction", samples.ROWS, 0)
    assert robust["budget"]["passes"] > 0
    assert (robust["attacker"]["norm"], robust["attacker"]["radius"]) == ("linf", 0.03)


@pytest.mark.parametrize("verdict", Verdict)
def test_verdicts_are_lower_case(verdict: Verdict) -> None:
    found = document(samples.report(verdict=verdict))["verdict"]
    assert found == verdict.name.lower()


@pytest.mark.parametrize("severity", Severity)
def test_severities_and_confidences_are_lower_case(severity: Severity) -> None:
    (finding,) = document(samples.report(findings=(samples.finding(severity),)))["findings"]
    assert finding["severity"] == severity.name.lower()
    assert finding["confidence"] == Confidence.HIGH.name.lower()


def damaged(found: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield found | {"verdict": "PASS"}
    yield found | {"verdict": "fine"}
    yield {key: value for key, value in found.items() if key != "subject"}
    yield found | {"files": [{"path": "a"}]}
    yield found | {"measurements": [{"name": "accuracy", "value": "high"}]}
    yield found | {"decision": {"action": "deploy"}}


@pytest.mark.parametrize("number", range(6))
def test_schema_refuses_what_is_not_a_report(number: int) -> None:
    wrong = list(damaged(document(samples.report())))[number]
    with pytest.raises(ValidationError):
        validate(wrong)


def test_every_part_of_the_report_has_a_description_or_a_type() -> None:
    parts = json_schema()["$defs"]
    assert {"Report", "ReportedFile", "ReportedFinding", "Measurement", "Decision"} <= set(
        parts
    )
    assert all(part.get("properties") or part.get("enum") for part in parts.values())


def test_json_ends_in_one_line_break_and_is_indented() -> None:
    text = samples.report().to_json()
    assert re.search(r"[^\n]\n\Z", text)
    assert '\n  "verdict": "fail"' in text
