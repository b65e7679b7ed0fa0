"""``--format`` and ``--output``: settled before any work, written after it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said

FORMATS = "table json sarif junit html md gitlab github cyclonedx".split()


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a folder of its own."""


@pytest.mark.parametrize("style", ["json", "sarif", "cyclonedx"])
def test_machine_formats_on_stdout_parse(style: str) -> None:
    got = said("check", "model.onnx", "--format", style)
    assert got.code == 0
    assert isinstance(json.loads(got.out), dict)
    assert got.out.count("\n}\n") == 1


def test_html_on_stdout_is_the_page() -> None:
    assert said("check", "model.onnx", "--format", "html").out.startswith("<!DOCTYPE html>")


def test_outputs_are_written_as_often_as_they_are_asked_for() -> None:
    wanted = [f"--output={style}={style}.out" for style in FORMATS]
    got = said("check", "model.onnx", *wanted, "--output", "json=again.json")
    assert got.code == 0
    assert got.out.startswith("PASS"), "the table is printed all the same"
    for style in FORMATS:
        assert f"wrote {style}.out" in got.err
    assert Path("json.out").read_text() == Path("again.json").read_text()
    assert json.loads(Path("cyclonedx.out").read_text())["bomFormat"] == "CycloneDX"
    assert json.loads(Path("sarif.out").read_text())["version"] == "2.1.0"
    assert Path("table.out").read_text() == got.out


def test_file_name_may_hold_an_equals_sign() -> None:
    assert said("scan", "model.onnx", "--output", "json=a=b.json").code == 0
    assert json.loads(Path("a=b.json").read_text())["verdict"] == "pass"


def test_failing_check_writes_its_report_too() -> None:
    Path("bomb.pkl").write_bytes(samples.BOMB)
    got = said("scan", "bomb.pkl", "--format", "sarif", "--output", "json=report.json")
    assert got.code == 1
    assert json.loads(got.out)["runs"][0]["results"]
    assert json.loads(Path("report.json").read_text())["verdict"] == "fail"


@pytest.mark.parametrize("command", ["check", "scan", "verify"])
@pytest.mark.parametrize(
    "options",
    [
        ["--format", "docx"],
        ["--format", ""],
        ["--output", "docx=report.docx"],
        ["--output", "report.json"],
        ["--output", "json="],
        ["--output", "=report.json"],
        ["--output", "json=no/such/folder.json"],
        ["--output", "json=model.onnx/report.json"],
        ["--output", "json=folder"],
    ],
    ids=" ".join,
)
def test_format_or_place_that_cannot_be_is_refused_before_any_work(
    command: str, options: list[str]
) -> None:
    Path("folder").mkdir()
    got = said(command, "model.onnx", *options)
    assert (got.code, got.out) == (64, "")
    assert "internal error" not in got.err
    assert not Path(".modelkeep").exists()


@pytest.mark.parametrize("least", ["info", "critical"])
def test_least_severity_hides_findings_and_keeps_the_verdict(least: str) -> None:
    Path("bomb.pkl").write_bytes(samples.BOMB + b"\0")
    got = said("scan", "bomb.pkl", "--min-severity", least, "--format", "json")
    report = json.loads(got.out)
    shown = {f["severity"] for file in report["files"] for f in file["findings"]}
    assert (got.code, report["verdict"]) == (1, "fail")
    assert ("medium" in shown or "low" in shown) == (least == "info")
    assert "critical" in shown


def test_existing_file_is_replaced() -> None:
    Path("report.json").write_text("x" * 100_000)
    said("scan", "model.onnx", "--output", "json=report.json")
    assert json.loads(Path("report.json").read_text())["verdict"] == "pass"
