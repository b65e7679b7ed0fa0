"""``scan``: static rules over any number of paths, without a keep."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import InputError, Severity, UsageError, Verdict
from modelkeep.pipeline.scanning import fails_on


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every scan runs in a folder of its own."""


def test_one_path_is_its_own_subject_and_its_files_keep_their_names(
    desk: samples.Sample,
) -> None:
    report = pipeline.scan(desk.model)
    assert (report.verdict, report.exit_code) == (Verdict.PASS, 0)
    assert (report.subject.kind, report.subject.name) == ("model", "model.onnx")
    assert [file.path for file in report.files] == ["model.onnx"]


def test_files_of_several_paths_are_told_apart_by_their_folders() -> None:
    paths = [write(Path(folder) / "m.pkl", samples.PLAIN_PICKLE) for folder in ("a", "b/c")]
    folder = samples.directory_of(Path("model"), weights__pkl=samples.BOMB)
    report = pipeline.scan(*paths, folder)
    assert [file.path for file in report.files] == [
        "a/m.pkl",
        "b/c/m.pkl",
        "model/weights.pkl",
    ]
    assert [str(file.verdict) for file in report.files] == ["PASS", "PASS", "FAIL"]
    assert (report.subject.kind, report.subject.name) == ("run", "3 paths")


def test_finding_is_placed_in_the_file_that_the_report_lists() -> None:
    paths = [write(Path(folder) / "m.pkl", samples.BOMB) for folder in ("a", "b")]
    report = pipeline.scan(*paths)
    for file in report.files:
        assert {finding.location.path for finding in file.findings} == {file.path}


def test_several_paths_have_a_digest_of_their_own() -> None:
    one, two = (write(Path(name), name.encode()) for name in ("one", "two"))
    assert pipeline.scan(one, two).subject.digest != pipeline.scan(two, one).subject.digest
    assert pipeline.scan(one, two).subject.digest == pipeline.scan(one, two).subject.digest


def test_worst_path_decides() -> None:
    good = write(Path("good.pkl"), samples.PLAIN_PICKLE)
    cut = write(Path("cut.pkl"), samples.PLAIN_PICKLE[:-2])
    bomb = write(Path("bomb.pkl"), samples.BOMB)
    assert pipeline.scan(good, cut).exit_code == 2
    assert pipeline.scan(good, cut, bomb).exit_code == 1
    assert pipeline.scan(good, good).exit_code == 0


def test_file_that_nobody_can_read_is_skipped_and_listed_as_not_checked() -> None:
    report = pipeline.scan(write(Path("a/notes.xyz"), bytes(range(256))), Path("model.onnx"))
    assert [str(file.verdict) for file in report.files] == ["SKIPPED", "PASS"]
    assert [missed.what for missed in report.not_checked] == ["a/notes.xyz"]
    alone = pipeline.scan(Path("a/notes.xyz"))
    assert (alone.verdict, alone.exit_code) == (Verdict.SKIPPED, 0)


def test_allowed_names_are_no_finding() -> None:
    bomb = write(Path("bomb.pkl"), samples.BOMB)
    assert pipeline.scan(bomb).verdict is Verdict.FAIL
    allowed = {"scan.pickle_allow": ("posix.system",)}
    assert pipeline.scan(bomb, **allowed).verdict is Verdict.PASS


@pytest.mark.parametrize("threshold", Severity)
@pytest.mark.parametrize("severity", Severity)
def test_finding_fails_from_the_severity_asked_for_on(
    threshold: Severity, severity: Severity
) -> None:
    assert fails_on(threshold.value, [severity]) == (severity >= threshold)
    assert not fails_on("", [severity])
    assert not fails_on(threshold.value, [])


def test_fail_on_fails_what_would_pass() -> None:
    # A pickle followed by one more byte: a finding that alone does not fail.
    path = write(Path("m.pkl"), samples.PLAIN_PICKLE + b"\0")
    report = pipeline.scan(path)
    assert report.verdict is Verdict.PASS
    worst = max(finding.severity for finding in report.all_findings())
    assert pipeline.scan(path, fail_on=worst.value).verdict is Verdict.FAIL
    assert pipeline.scan(path, fail_on="critical").verdict is Verdict.PASS


def test_unknown_severity_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'fly'"):
        pipeline.scan("model.onnx", fail_on="fly")


def test_no_keep_is_made() -> None:
    before = sorted(Path().rglob("*"))
    pipeline.scan("model.onnx", "train.npz")
    assert sorted(Path().rglob("*")) == before


def test_nothing_to_scan_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="nothing to scan"):
        pipeline.scan()


def test_path_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="gone"):
        pipeline.scan("model.onnx", "gone")


@pytest.mark.parametrize("style", ["table", "json", "sarif", "html"])
def test_file_name_that_is_no_text_can_be_reported(style: str) -> None:
    path = Path(os.fsdecode(b"bad\xff.pkl"))
    path.write_bytes(samples.BOMB)
    text = pipeline.scan(path).render(style)
    assert text.encode(), "the report can be written"
    assert "bad" in text
