"""SARIF: valid, complete, and saying why a pipeline was stopped."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from jsonschema import Draft4Validator

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import Location, NotChecked, Severity, Verdict
from modelkeep.report import Report, ReportedFile
from modelkeep.scan import detectors
from modelkeep.trust import RULES

SCHEMA = json.loads(
    (Path(__file__).parents[1] / "schemas" / "sarif-2.1.0-rtm.5.json").read_text()
)
KINDS = (
    "clean check",
    "failing check",
    "gate",
    "inconclusive check",
    "scan",
    "hand-made",
)


def run_of(report: Report) -> dict[str, Any]:
    """The one run of a report, after it was found valid."""
    log = json.loads(report.render("sarif"))
    Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def results(report: Report) -> dict[str, dict[str, Any]]:
    return {result["ruleId"]: result for result in run_of(report)["results"]}


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_is_valid_sarif(kind: str, reports: dict[str, Report]) -> None:
    run = run_of(reports[kind])
    assert run["tool"]["driver"]["name"] == "modelkeep"
    assert run["invocations"][0]["exitCode"] == reports[kind].exit_code


def test_schema_in_use_refuses_what_is_not_sarif(reports: dict[str, Report]) -> None:
    log = json.loads(reports["scan"].render("sarif"))
    log["runs"][0]["results"][0]["level"] = "catastrophe"
    assert not Draft4Validator(SCHEMA).is_valid(log)


@pytest.mark.parametrize("kind", KINDS)
def test_every_result_names_a_rule_of_the_run(kind: str, reports: dict[str, Report]) -> None:
    run = run_of(reports[kind])
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_clean_check_has_no_result(reports: dict[str, Report]) -> None:
    run = run_of(reports["clean check"])
    assert (run["results"], run["tool"]["driver"]["rules"]) == ([], [])
    assert run["invocations"][0]["executionSuccessful"] is True


def test_conditions_that_a_gate_misses_are_results(reports: dict[str, Report]) -> None:
    decision = reports["failing check"].decision
    assert decision is not None
    found = results(reports["failing check"])
    gates = {name for name in found if name.startswith("gate/")}
    assert gates == {f"gate/{missing.id}" for missing in decision.missing}
    assert {"gate/signed-by-trusted", "gate/robust"} <= gates
    robust = found["gate/robust"]
    assert robust["level"] == "error"
    assert "robust_accuracy_low_ppm" in robust["message"]["text"]
    assert "deploy denied" in robust["message"]["text"]


def test_conditions_of_a_gate_that_only_reports_are_warnings() -> None:
    found = results(samples.report(profile="report"))
    assert found["gate/robust"]["level"] == "warning"


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        (Severity.INFO, "note", 0),
        (Severity.LOW, "note", 3),
        (Severity.MEDIUM, "warning", 5),
        (Severity.HIGH, "error", 8),
        (Severity.CRITICAL, "error", 9),
    ],
)
def test_severity_becomes_level_and_score(severity: Severity, level: str, score: float) -> None:
    run = run_of(samples.report(files=(), findings=(samples.finding(severity),)))
    assert run["results"][0]["level"] == level
    (rule,) = [r for r in run["tool"]["driver"]["rules"] if r["id"] == samples.RULE.id]
    assert int(float(rule["properties"]["security-severity"])) == score


def test_member_of_an_archive_is_named_beside_the_file(reports: dict[str, Report]) -> None:
    location = results(reports["scan"])["PKL001"]["locations"][0]
    assert unquote(location["physicalLocation"]["artifactLocation"]["uri"]).endswith(
        "bomb 1.pt"
    )
    (logical,) = location["logicalLocations"]
    assert "bomb 1.pt!archive/data.pkl" in logical["fullyQualifiedName"]
    assert "region" not in location["physicalLocation"], "the offset is one in the member"


def test_offset_in_a_plain_file_is_a_region() -> None:
    place = samples.finding(location=Location("model.pkl", None, 4))
    (result, *_) = run_of(samples.report(files=(), findings=(place,)))["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["byteOffset"] == 4


@pytest.mark.parametrize(
    "path",
    ["a b/ü.pkl", "100%.pkl", "a?b#c.pkl", "a:b.pkl", "模型/重み.onnx", "a\\b.pkl", 'a"b.pkl'],
)
def test_any_path_becomes_a_uri_that_leads_back_to_it(path: str) -> None:
    file = ReportedFile(
        path, Verdict.FAIL, "pickle", (samples.finding(location=Location(path)),)
    )
    run = run_of(samples.report(files=(file,), findings=()))
    uris = [run["artifacts"][0]["location"]["uri"]]
    uris += [
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        for result in run["results"]
    ]
    assert {unquote(uri) for uri in uris} == {path}
    assert not any(set(uri) & set(' ?#":\\') or not uri.isascii() for uri in uris)


def test_file_scanned_twice_is_one_artifact(desk: samples.Sample) -> None:
    run = run_of(pipeline.scan(desk.model, desk.model))
    assert len(run["artifacts"]) == 1


@pytest.mark.parametrize("rule", [*(d.rule for d in detectors()), *RULES], ids=lambda r: r.id)
def test_every_rule_is_described_with_its_tags(rule: Any) -> None:  # noqa: ANN401 - a Rule
    shown = samples.report(files=(), findings=(samples.finding(rule=rule.id),), rules=(rule,))
    described = run_of(shown)["tool"]["driver"]["rules"][0]
    assert (described["id"], described["name"]) == (rule.id, rule.name)
    assert rule.remedy in described["help"]["text"]
    assert {"security", *rule.tags} < set(described["properties"]["tags"])


def test_what_was_not_checked_is_a_notification() -> None:
    missed = (NotChecked("poisoning", "no data"),)
    report = samples.report(not_checked=missed, files=())
    invocation = run_of(report)["invocations"][0]
    (note,) = invocation["toolExecutionNotifications"]
    assert note["message"]["text"] == "not checked: poisoning: no data"


def test_inconclusive_run_was_not_successful(reports: dict[str, Report]) -> None:
    invocation = run_of(reports["inconclusive check"])["invocations"][0]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)


def test_results_are_fingerprinted_by_finding_and_model(reports: dict[str, Report]) -> None:
    result = results(reports["scan"])["PKL001"]
    assert result["partialFingerprints"]["modelDigest"] == reports["scan"].subject.digest.blake3
    assert len(result["partialFingerprints"]["modelkeep/v1"]) == 16


def test_suppressed_findings_are_results_with_their_reason() -> None:
    file = ReportedFile("a", Verdict.PASS, "pickle", suppressed=(samples.suppressed(),))
    run = run_of(samples.report(files=(file,), findings=(), decision=None, suppressed=1))
    (result,) = run["results"]
    (why,) = result["suppressions"]
    assert (why["kind"], why["status"]) == ("external", "accepted")
    assert why["justification"] == "ignore: reviewed (until 2027-01-31)"


def test_file_that_was_not_read_is_an_error_of_the_run() -> None:
    notes = run_of(samples.report())["invocations"][0]["toolExecutionNotifications"]
    assert {"error": "cut.pkl: ends in the middle"} in [
        {note["level"]: note["message"]["text"]} for note in notes
    ]


def test_uris_begin_where_the_user_stands() -> None:
    run = run_of(samples.report(base="models/deep/"))
    assert run["artifacts"][0]["location"]["uri"] == "models/deep/model.pkl"
    place = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert place == "models/deep/model.pkl"
