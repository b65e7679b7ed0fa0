"""Statements of a check: of the published shape, one per type, complete."""

from __future__ import annotations

from typing import Any

import pytest
from jsonschema import Draft202012Validator

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import Digest, Measurement, Severity, Subject
from modelkeep.evidence import (
    TABLE,
    Statement,
    by_key,
    open_keep,
    parse_envelope,
    parse_statement,
    schema,
)

OTHERS = {  # not of a check
    "model-signature", "seal", "revocation", "stage", "approval", "hardening",
    "data-check", "data-poison", "data-review", "data-derivation", "access", "access-use",
    "training", "requests", "hold", "upgrade", "privacy-budget", "privacy-charge",
}  # fmt: skip
GROUPS = {"fairness"}  # measured where a column of groups is named
RECORDED = [row.key for row in TABLE if row.key not in OTHERS | GROUPS]


@pytest.fixture(scope="session")
def statements(checked: samples.Checked) -> dict[str, Statement]:
    """What the check of the signed sample recorded, by predicate."""
    with open_keep(checked.keep) as keep:
        bodies = [keep.store.entry(r.statement_id).body for r in checked.report.receipts]
    made = [parse_statement(parse_envelope(body).payload) for body in bodies]
    names = [receipt.predicate for receipt in checked.report.receipts]
    return dict(zip(names, made, strict=True))


def test_a_full_check_records_every_predicate_once(statements: dict[str, Statement]) -> None:
    assert sorted(statements) == sorted(RECORDED)


@pytest.mark.parametrize("key", RECORDED)
def test_predicate_has_its_published_shape(key: str, statements: dict[str, Statement]) -> None:
    statement = statements[key]
    Draft202012Validator(schema(key)).validate(statement.predicate)
    assert statement.predicate_type == by_key(key).uri


@pytest.mark.parametrize("key", RECORDED)
def test_statement_expires_after_the_lifetime_of_its_type(
    key: str, statements: dict[str, Statement]
) -> None:
    statement = statements[key]
    assert (statement.expires - statement.issued).days == by_key(key).lifetime_days


@pytest.mark.parametrize("key", RECORDED)
def test_statement_asserts_exactly_the_facts_of_its_type(
    key: str, statements: dict[str, Statement]
) -> None:
    unknown = {"backdoor"}  # so few classes leave open whether there is one
    expected = set() if key in unknown else set(by_key(key).facts)
    assert set(statements[key].facts()) == expected


def test_statements_are_about_the_model(
    checked: samples.Checked, statements: dict[str, Statement]
) -> None:
    assert {s.subjects[0] for s in statements.values()} == {checked.report.subject}


def test_scan_lists_rules_and_every_file_with_its_digest(
    checked: samples.Checked, statements: dict[str, Statement]
) -> None:
    predicate = statements["scan"].predicate
    assert "PKL001" in predicate["rules"]
    (file,) = predicate["files"]
    assert file == {
        "path": "model.onnx",
        "sha256": checked.report.subject.digest.sha256,
        "verdict": "pass",
        "findings": [],
    }


def test_measurements_are_recorded_under_their_type_with_what_they_were_made_with(
    checked: samples.Checked, statements: dict[str, Statement]
) -> None:
    names = {
        key: [m["name"] for m in statements[key].predicate["measurements"]]
        for key in ("performance", "evasion", "membership")
    }
    assert names["performance"][:2] == ["test_accuracy", "calibration_error"]
    assert names["evasion"][:2] == ["clean_accuracy", "robust_accuracy"]
    assert names["membership"][0] == "membership_auc_loss"
    assert statements["membership"].predicate["materials"] == [
        {"name": m.name, "kind": m.kind, "digest": {"sha256": m.digest.sha256}}
        for m in checked.report.materials
    ]


def test_bill_of_materials_is_the_one_of_the_report(
    checked: samples.Checked, statements: dict[str, Statement]
) -> None:
    assert statements["bom"].predicate["bom"] == checked.report.bom


def test_test_result_records_settings_and_policy(
    checked: samples.Checked, statements: dict[str, Statement]
) -> None:
    predicate = statements["test-result"].predicate
    policy, settings = predicate["configuration"]
    assert checked.report.decision is not None
    assert policy["digest"]["sha256"] == checked.report.decision.policy
    assert settings["annotations"]["profile"] == "prod"
    assert settings["annotations"]["thresholds.robust_share_min"] == 0.5
    assert predicate["result"] == "WARNED", "there are measured risks"
    assert {"PKL001", "PER001", "EVA001", "MEM001"} <= set(predicate["passedTests"])


def result_of(sample: samples.Sample, data: bytes) -> dict[str, Any]:
    path = sample.folder / "m.pkl"
    path.write_bytes(data)
    receipts = {r.predicate: r.statement_id for r in pipeline.check(path).receipts}
    predicate = pipeline.show_evidence(receipts["test-result"])["statement"]["predicate"]
    assert isinstance(predicate, dict)
    return predicate


def test_test_result_names_what_failed(desk: samples.Sample) -> None:
    predicate = result_of(desk, samples.BOMB)
    assert predicate["result"] == "FAILED"
    assert "PKL001" in predicate["failedTests"]
    assert "PKL001" not in predicate["passedTests"]


def test_test_result_of_a_clean_scan_passed(desk: samples.Sample) -> None:
    predicate = result_of(desk, samples.PLAIN_PICKLE)
    assert (predicate["result"], predicate["failedTests"]) == ("PASSED", [])


def test_findings_are_counted_as_facts(desk: samples.Sample) -> None:
    path = desk.folder / "m.pkl"
    path.write_bytes(samples.BOMB)
    report = pipeline.check(path)
    critical = [f for f in report.all_findings() if f.severity is Severity.CRITICAL]
    (scan, *_) = pipeline.list_evidence(path)
    shown = pipeline.show_evidence(scan.statement_id)["statement"]["predicate"]
    assert shown["facts"]["scan_critical"] == len(critical) > 0
    assert shown["files"][0]["findings"][0].startswith("PKL001 critical m.pkl")


def test_shape_refuses_what_is_no_predicate(statements: dict[str, Statement]) -> None:
    predicate = dict(statements["scan"].predicate)
    assert not Draft202012Validator(schema("scan")).is_valid(predicate | {"files": None})
    facts = predicate["facts"] | {"test_rows": 3}
    assert not Draft202012Validator(schema("scan")).is_valid(predicate | {"facts": facts})


def test_number_in_the_record_is_the_number_in_the_report(
    checked: samples.Checked, statements: dict[str, Statement]
) -> None:
    robust = next(m for m in checked.report.measurements if m.name == "robust_accuracy")
    assert isinstance(robust, Measurement)
    facts = statements["evasion"].facts()
    assert facts["robust_accuracy_low_ppm"] == int(robust.low * 1_000_000)
    assert facts["robust_radius_linf_ppm"] == 30_000
    assert isinstance(checked.report.subject, Subject)
    assert isinstance(checked.report.subject.digest, Digest)
