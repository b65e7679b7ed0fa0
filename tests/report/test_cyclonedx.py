"""The bill of materials: valid CycloneDX with a model card, every reference kept."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import check_samples as samples
from modelkeep.core import Digest, Measurement, Subject, Verdict
from modelkeep.report import Report, ReportedFile, build_bom
from modelkeep.sources import FileDigest
from modelkeep.trust import BillOfMaterials, Library

CREATED = "2026-11-22T12:00:00Z"
TRAIN = Subject("dataset", "train.npz", Digest("11" * 32, "22" * 32))
TEST = Subject("dataset", "test set ü.npz", Digest("33" * 32, "44" * 32))
CODE = Subject("code", "nets", Digest("55" * 32, "66" * 32))


def bill(*data: Subject, files: tuple[str, ...] = ("model.onnx",)) -> BillOfMaterials:
    listed = tuple(FileDigest(name, samples.SUBJECT.digest, 7) for name in files)
    return BillOfMaterials(
        samples.SUBJECT, listed, data, (Library("onnxruntime", "1.20.0"),), ("onnx",)
    )


def bom(*data: Subject, measurements: tuple[Measurement, ...] = ()) -> dict[str, Any]:
    return build_bom(bill(*data), measurements, CREATED)


def problems(document: dict[str, Any]) -> object:
    return JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(document))


@pytest.mark.parametrize("numbers", [0, 2])
@pytest.mark.parametrize(
    "data", [(), (TRAIN,), (TRAIN, TEST), (TRAIN, TRAIN), (CODE,), (TRAIN, TEST, CODE)]
)
def test_bill_is_valid(data: tuple[Subject, ...], numbers: int) -> None:
    measured = (samples.measurement(), samples.measurement("test_accuracy", note=""))[:numbers]
    assert problems(bom(*data, measurements=measured)) is None


def test_validator_in_use_refuses_what_is_not_cyclonedx() -> None:
    assert problems(bom() | {"components": [{"name": "no type"}]}) is not None


@pytest.mark.parametrize("kind", ["clean check", "failing check", "inconclusive check"])
def test_bill_of_a_check_is_valid_and_carries_a_model_card(
    kind: str, reports: dict[str, Report]
) -> None:
    document = json.loads(reports[kind].render("cyclonedx"))
    assert problems(document) is None
    assert "modelCard" in document["metadata"]["component"]


def test_bill_of_a_directory_names_every_file() -> None:
    names = ("a b/ü.json", "model.onnx", "empty")
    document = build_bom(bill(files=names), (), CREATED)
    assert problems(document) is None
    files = [part["name"] for part in document["components"] if part["type"] == "file"]
    assert files == list(names)


def test_model_is_described_by_digest_and_card() -> None:
    model = bom()["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    assert model["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert model["modelCard"]["modelParameters"]["task"] == "classification"


def test_card_states_every_number_with_its_interval_and_its_limits() -> None:
    card = bom(measurements=(samples.measurement(),))["metadata"]["component"]["modelCard"]
    assert card["quantitativeAnalysis"]["performanceMetrics"] == [
        {
            "type": "robust_accuracy",
            "value": "0.75",
            "confidenceInterval": {"lowerBound": "0.7", "upperBound": "0.8"},
        }
    ]
    assert card["considerations"]["technicalLimitations"] == ["robust_accuracy: an upper bound"]


def test_card_without_numbers_claims_none() -> None:
    card = bom()["metadata"]["component"]["modelCard"]
    assert "quantitativeAnalysis" not in card
    assert "considerations" not in card


def test_data_is_data_and_code_is_a_file() -> None:
    parts = {part["name"]: part["type"] for part in bom(TRAIN, CODE)["components"]}
    assert (parts["train.npz"], parts["nets"]) == ("data", "file")
    card = bom(TRAIN, CODE)["metadata"]["component"]["modelCard"]
    assert [item["ref"] for item in card["modelParameters"]["datasets"]] == [
        f"dataset:{TRAIN.digest.sha256}"
    ]


@pytest.mark.parametrize("data", [(), (TRAIN, TEST, CODE), (TRAIN, TRAIN)])
def test_every_reference_leads_to_a_component(data: tuple[Subject, ...]) -> None:
    document = bom(*data)
    known = [part["bom-ref"] for part in document["components"]]
    assert len(set(known)) == len(known)
    (edges,) = document["dependencies"]
    assert edges["ref"] == document["metadata"]["component"]["bom-ref"]
    assert edges["dependsOn"] == known
    card = document["metadata"]["component"]["modelCard"]
    assert {item["ref"] for item in card["modelParameters"]["datasets"]} <= set(known)


def test_serial_number_is_the_same_for_the_same_model_and_time_only() -> None:
    other = build_bom(bill(), (), "2026-11-23T12:00:00Z")
    assert bom()["serialNumber"] == bom()["serialNumber"] != other["serialNumber"]


@pytest.mark.parametrize("kind", ["scan", "gate"])
def test_report_without_a_bill_lists_its_files(kind: str, reports: dict[str, Report]) -> None:
    report = reports[kind]
    document = json.loads(report.render("cyclonedx"))
    assert problems(document) is None
    assert [part["name"] for part in document["components"]] == [f.path for f in report.files]


def test_scanned_files_have_hash_format_and_verdict(reports: dict[str, Report]) -> None:
    document = json.loads(reports["scan"].render("cyclonedx"))
    for part, file in zip(document["components"], reports["scan"].files, strict=True):
        assert file.digest is not None
        assert {"alg": "BLAKE3", "content": file.digest.blake3} in part["hashes"]
        facts = {fact["name"]: fact["value"] for fact in part["properties"]}
        assert facts["modelkeep:format"] == file.format
        assert facts["modelkeep:verdict"] == file.verdict.value


def test_findings_are_vulnerabilities_of_the_files_they_are_in(
    reports: dict[str, Report],
) -> None:
    document = json.loads(reports["scan"].render("cyclonedx"))
    found = {v["id"]: v for v in document["vulnerabilities"]}
    assert found["PKL001"]["ratings"][0]["severity"] == "critical"
    assert 502 in found["PKL001"]["cwes"]
    (target,) = found["PKL001"]["affects"]
    assert target["ref"] in {part["bom-ref"] for part in document["components"]}
    assert "bomb 1.pt!archive/data.pkl" in found["PKL001"]["properties"][0]["value"]


def test_hand_made_report_is_valid_without_its_bill() -> None:
    hidden = ReportedFile("b", Verdict.PASS, "zip", suppressed=(samples.suppressed(),))
    report = samples.report(bom=None, files=(*samples.report().files, hidden), suppressed=1)
    document = json.loads(report.render("cyclonedx"))
    assert problems(document) is None
    names = {p["name"] for v in document["vulnerabilities"] for p in v["properties"]}
    assert names == {"modelkeep:finding", "modelkeep:suppressed"}


def test_report_of_no_file_is_valid_too() -> None:
    report = samples.report(bom=None, files=(), findings=(), rules=())
    assert problems(json.loads(report.render("cyclonedx"))) is None


BASE = Subject("model", "base.onnx", Digest("77" * 32, ""))


def test_licences_base_models_and_what_does_not_resolve_are_told_apart() -> None:
    made = bill(TRAIN)
    plain = made.components
    made = dataclasses.replace(
        made,
        licences=("apache-2.0", "odd \udcff"),
        base_models=(BASE,),
        unresolved=("data set imdb", "base model org/gone"),
    )
    document = build_bom(made, (), CREATED)
    assert problems(document) is None
    model = document["metadata"]["component"]
    assert [item["license"]["name"] for item in model["licenses"]] == [
        "apache-2.0",
        "odd \\udcff",
    ]
    (ancestor,) = model["pedigree"]["ancestors"]
    assert ancestor["hashes"] == [{"alg": "SHA-256", "content": BASE.digest.sha256}]
    assert f"model:{BASE.digest.sha256}" in document["dependencies"][0]["dependsOn"]
    marked = [p["value"] for p in model["properties"] if p["name"] == "modelkeep:unresolved"]
    assert marked == ["data set imdb", "base model org/gone"]
    names = {part["name"] for part in document["components"]}
    assert not names & {"imdb", "org/gone"}
    assert made.components == plain + 1, "what does not resolve is not counted"
