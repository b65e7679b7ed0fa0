"""``scan``: static rules over any number of paths, without a keep."""

from __future__ import annotations

import hashlib
import io
import os
import sys
from pathlib import Path

import pytest

import check_samples as samples
from hub_server import serving
from modelkeep import pipeline
from modelkeep.core import InputError, Severity, UsageError, Verdict
from modelkeep.pipeline.scanning import fails_on
from samples import onnx_of, outside


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
    allowed = {"scan.pickle.allow": ("posix.system",)}
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


# Which files


def models() -> Path:
    for name, data in {
        "a.pkl": samples.BOMB,
        "README.md": b"text",
        "deep/b.pkl": samples.PLAIN_PICKLE,
        "deep/c.bin": samples.BOMB,
    }.items():
        write(Path("models") / name, data)
    return Path("models")


@pytest.mark.parametrize(
    ("given", "skipped"),
    [
        ({"exclude": ["*.md"]}, {"README.md"}),
        ({"exclude": ["models/deep/**"]}, {"deep/b.pkl", "deep/c.bin"}),
        ({"exclude": ["deep"]}, {"deep/b.pkl", "deep/c.bin"}),
        ({"include": ["*.pkl"]}, {"README.md", "deep/c.bin"}),
        ({"include": ["*.pkl"], "exclude": ["a.*"]}, {"README.md", "a.pkl", "deep/c.bin"}),
        ({}, set()),
    ],
)
def test_files_left_out_are_listed_with_the_reason(
    given: dict[str, list[str]], skipped: set[str]
) -> None:
    report = pipeline.scan(models(), **given)  # type: ignore[arg-type]
    assert [f.path for f in report.files] == ["README.md", "a.pkl", "deep/b.pkl", "deep/c.bin"]
    out = {f.path: f.reason for f in report.files if f.format == "not read"}
    assert set(out) == skipped
    assert all("exclude" in reason or "--include" in reason for reason in out.values())
    assert skipped <= {missed.what for missed in report.not_checked}
    expected = "FAIL" if {"a.pkl", "deep/c.bin"} - skipped else "PASS"
    assert str(report.verdict) == expected


def test_part_of_a_model_is_not_the_model() -> None:
    whole = pipeline.scan(models()).subject
    part = pipeline.scan(models(), exclude=["*.md"]).subject
    assert (whole.kind, part.kind, part.name) == ("model", "run", "3 of 4 files of models")
    assert whole.digest != part.digest


def test_nothing_left_to_scan_is_skipped() -> None:
    report = pipeline.scan(models(), exclude=["*"])
    assert (report.verdict, report.exit_code, len(report.files)) == (Verdict.SKIPPED, 0, 4)


def test_globs_come_from_the_settings_file_unless_given() -> None:
    Path("modelkeep.toml").write_text('[scan]\nexclude = ["a.pkl", "*.bin"]\n')
    assert pipeline.scan(models()).verdict is Verdict.PASS
    assert pipeline.scan(models(), exclude=["*.md"]).verdict is Verdict.FAIL


def test_rule_about_references_still_sees_files_that_are_left_out() -> None:
    folder = samples.directory_of(Path("graph"), weights__bin=b"\0" * 8)
    graph = onnx_of(tensors=[outside("weights.bin")])
    (folder / "m.onnx").write_bytes(graph)
    report = pipeline.scan(folder, exclude=["*.bin"])
    assert report.all_findings() == pipeline.scan(folder).all_findings()


def test_base_leads_from_here_to_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = models()
    assert pipeline.scan(folder).base == "models/"
    assert pipeline.scan(folder.absolute()).base == "models/"
    assert pipeline.scan(folder / "deep" / "b.pkl").base == "models/deep/"
    assert pipeline.scan("model.onnx").base == ""
    assert pipeline.scan(folder, "model.onnx").base == ""
    monkeypatch.chdir(folder)
    assert pipeline.scan(".").base == ""


# Which rules


def test_only_the_rules_asked_for_run_and_the_others_are_listed() -> None:
    path = write(Path("bomb.pkl"), samples.BOMB + b"\0")
    both = {f.rule for f in pipeline.scan(path).all_findings()}
    assert {"PKL001", "PKL004"} <= both
    one = pipeline.scan(path, rules=["PKL004"])
    assert {f.rule for f in one.all_findings()} == {"PKL004"}
    assert "rule PKL001 pickle-import-not-allowed" in {m.what for m in one.not_checked}
    rest = pipeline.scan(path, skip_rules=["pickle-import-not-allowed"])
    assert {f.rule for f in rest.all_findings()} == both - {"PKL001"}


@pytest.mark.parametrize("key", ["rules", "skip_rules"])
def test_unknown_rule_is_a_usage_error(key: str) -> None:
    with pytest.raises(UsageError, match="'PKL999'"):
        pipeline.scan("model.onnx", **{key: ["PKL999"]})  # type: ignore[arg-type]


def test_no_rule_at_all_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no rule"):
        pipeline.scan("model.onnx", rules=["PKL001"], skip_rules=["PKL001"])


# Digests and streams


def test_scan_computes_the_fast_digest_and_the_other_when_asked(desk: samples.Sample) -> None:
    fast = pipeline.scan(desk.model).subject.digest
    both = pipeline.scan(desk.model, sha256=True).subject.digest
    assert fast.sha256 == ""
    assert str(fast) == f"blake3:{fast.blake3}"
    assert both.blake3 == fast.blake3
    assert both.sha256 == hashlib.sha256(desk.model.read_bytes()).hexdigest()


def test_stdin_is_scanned_like_a_file() -> None:
    report = pipeline.scan("-", stdin=io.BytesIO(samples.BOMB))
    assert report.verdict is Verdict.FAIL
    assert [file.path for file in report.files] == ["stdin"]
    both = pipeline.scan("-", "model.onnx", stdin=io.BytesIO(samples.PLAIN_PICKLE))
    assert [file.path for file in both.files] == ["stdin", "model.onnx"]


def test_many_files_have_the_same_report_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(30):
        write(
            Path("many") / f"{number:02}.pkl", [samples.BOMB, samples.PLAIN_PICKLE][number % 2]
        )
    alone = pipeline.scan("many")
    monkeypatch.setattr(sys.modules["modelkeep.scan.engine"], "_MANY_FILES", 5)
    shared = pipeline.scan("many")
    assert shared.files == alone.files
    assert shared.subject == alone.subject


# Addresses


@pytest.mark.net
def test_repository_on_a_hub_is_scanned_where_it_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a/bomb.pkl": samples.BOMB, "config.json": b"{}", "README.md": b"text"}
    with serving(files) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        report = pipeline.scan("hf://org/name@main", exclude=["*.md"])
        assert [(file.path, str(file.verdict)) for file in report.files] == [
            ("README.md", "SKIPPED"),
            ("a/bomb.pkl", "FAIL"),
            ("config.json", "PASS"),
        ]
        assert report.base == "hf://org/name@main/"
        assert not any("README" in path for path, _ in hub.asked)
        one = pipeline.scan("hf://org/name/config.json", "model.onnx")
        assert [file.path for file in one.files] == [
            "hf://org/name/config.json/config.json",
            "model.onnx",
        ]
        for style in ("table", "json", "sarif", "cyclonedx", "gitlab", "github", "junit"):
            assert report.render(style)


def test_address_that_leads_nowhere_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(InputError):
        pipeline.scan("hf://org/name")
    with pytest.raises(UsageError, match="not known"):
        pipeline.scan("gopher://org/name")


def test_what_is_no_file_costs_no_other_file_its_scan(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "good.json").write_bytes(b"{}")
    (tree / "dangling").symlink_to("nowhere")
    (tree / "folder").mkdir()
    (tree / "folder" / "bad.pkl").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    (tree / "loop").symlink_to("folder")
    os.mkfifo(tree / "pipe")
    report = pipeline.scan(tree)
    verdicts = {file.path: file.verdict.value for file in report.files}
    assert verdicts == {
        "dangling": "inconclusive",
        "folder/bad.pkl": "fail",
        "good.json": "pass",
        "loop": "inconclusive",
        "pipe": "inconclusive",
    }
