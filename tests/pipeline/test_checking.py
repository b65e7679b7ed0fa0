"""``check``: the right verdict for every kind of model, and a record that says the same."""

from __future__ import annotations

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, Measurement, Severity, UsageError, Verdict
from modelkeep.evidence import (
    TABLE,
    audit_log,
    exists,
    open_keep,
    parse_envelope,
    parse_statement,
)
from modelkeep.evidence.checkpoint import parse_checkpoint
from modelkeep.report import Report, ReportedFinding

KEEP = Path(".modelkeep")
ALL = (
    "scan signature bom performance evasion membership extraction explanation backdoor "
    "test-result decision"
).split()
UNMEASURED = "scan signature bom test-result decision".split()


def found(report: Report, rule: str) -> ReportedFinding:
    (finding,) = [finding for finding in report.all_findings() if finding.rule == rule]
    return finding


def missing(report: Report) -> set[str]:
    assert report.decision is not None
    return {condition.id for condition in report.decision.missing}


def absent(report: Report) -> str:
    """Why the model was not assessed."""
    (why,) = [missed.why for missed in report.not_checked if missed.what == "assessment"]
    return why


def recorded() -> list[str]:
    """Predicates in the log, in order."""
    lines = pipeline.list_evidence(keep=str(KEEP))
    return [line.predicate for line in lines if line.predicate != "access-use"]


# Verdicts


def test_sound_model_passes_under_dev(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, **desk.rows)
    assert (report.verdict, report.exit_code, report.profile) == (Verdict.PASS, 0, "dev")
    assert report.decision is not None
    assert report.decision.allowed


def test_sound_signed_model_passes_under_prod(desk: samples.Sample) -> None:
    pipeline.sign(desk.model)
    report = pipeline.check(desk.model, **desk.rows, profile="prod")
    assert (report.verdict, report.exit_code) == (Verdict.PASS, 0)
    assert report.all_findings() == ()
    assert missing(report) == set()


def test_unsigned_model_is_a_finding_under_dev(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, **desk.rows)
    assert found(report, "SIG002").severity is Severity.MEDIUM
    assert report.verdict is Verdict.PASS


def test_unsigned_model_is_denied_under_prod(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, **desk.rows, profile="prod")
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert missing(report) == {"signed-by-trusted"}


@pytest.mark.parametrize("profile", ["dev", "prod"])
def test_pickle_that_runs_code_fails_and_is_not_loaded(
    desk: samples.Sample, profile: str
) -> None:
    bomb = desk.folder / "bomb.pt"
    bomb.write_bytes(samples.hidden_bomb())
    report = pipeline.check(bomb, **desk.rows, profile=profile)
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert found(report, "PKL001").severity is Severity.CRITICAL
    assert "scan-clean" in missing(report)
    assert report.measurements == ()
    assert absent(report) == "the model is not loaded: the scan did not pass"


@pytest.mark.parametrize("profile", ["report", "dev", "prod"])
def test_truncated_file_is_inconclusive(desk: samples.Sample, profile: str) -> None:
    cut = desk.folder / "cut.pkl"
    cut.write_bytes(samples.PLAIN_PICKLE[:-2])
    report = pipeline.check(cut, **desk.rows, profile=profile)
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert report.files[0].verdict is Verdict.INCONCLUSIVE
    assert report.files[0].reason
    assert "scan-complete" in missing(report)


@pytest.mark.parametrize("profile", ["dev", "prod"])
def test_model_changed_after_signing_fails_and_is_named(
    desk: samples.Sample, profile: str
) -> None:
    pipeline.sign(desk.model)
    samples.flip(desk.model)
    report = pipeline.check(desk.model, **desk.rows, profile=profile)
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    finding = found(report, "SIG001")
    assert finding.severity is Severity.CRITICAL
    assert finding.location.path == "model.onnx"
    assert finding.message == "model.onnx: changed since it was signed"
    assert "not-tampered" in missing(report)
    assert absent(report) == "the model is not loaded: it is not what was signed"


def test_report_profile_never_fails_and_tells_the_truth(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, profile="report")
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 0)
    assert "robust" in missing(report)


@pytest.mark.parametrize("action", ["load", "serve"])
def test_report_profile_refuses_load_and_serve_before_any_work(
    desk: samples.Sample, action: str
) -> None:
    with pytest.raises(UsageError, match="report profile only reports"):
        pipeline.check(desk.model, profile="report", action=action)
    assert not exists(KEEP) or recorded() == []


@pytest.mark.parametrize("setting", ["action", "fail_on", "budget"])
def test_setting_with_an_unknown_value_is_refused_before_any_work(
    desk: samples.Sample, setting: str
) -> None:
    with pytest.raises(UsageError, match="fly"):
        pipeline.check(desk.model, **desk.rows, **{setting: "fly"})
    assert not exists(KEEP) or recorded() == []


def test_finding_of_the_severity_asked_for_fails_what_the_gate_allows(
    desk: samples.Sample,
) -> None:
    report = pipeline.check(desk.model, fail_on="medium")
    assert report.verdict is Verdict.FAIL
    assert report.decision is not None
    assert report.decision.allowed
    assert pipeline.check(desk.model, fail_on="high").verdict is Verdict.PASS


def test_threshold_changes_the_verdict(desk: samples.Sample) -> None:
    pipeline.sign(desk.model)
    Path("modelkeep.toml").write_text("[thresholds]\nrobust_share_min = 1.0\n")
    report = pipeline.check(desk.model, **desk.rows, profile="prod")
    assert (report.verdict, missing(report)) == (Verdict.FAIL, {"robust"})


# What was not assessed, and why


def test_without_data_the_assessment_is_not_checked(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model)
    assert "--data TRAIN --test TEST" in absent(report)
    assert report.measurements == ()
    assert report.verdict is Verdict.PASS


def test_test_rows_alone_measure_what_needs_no_training_rows(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, test=desk.test)
    assert "test_accuracy" in {m.name for m in report.measurements}
    missed = {missed.what: missed.why for missed in report.not_checked}
    assert "--data TRAIN" in missed["membership-inference"]
    assert "--data TRAIN" in missed["evasion-gradient"]


@pytest.mark.parametrize(
    ("factory", "says"),
    [
        ("", "--factory"),
        ("sample_nets", "not of the form"),
        ("no_such_module:build", "no_such_module"),
        ("sample_nets:no_such_function", "no_such_function"),
        ("sample_nets:number", "not a module"),
        ("sample_nets:fails", "the architecture is gone"),
    ],
)
def test_wrong_factory_is_inconclusive_and_named(
    desk: samples.Sample, factory: str, says: str
) -> None:
    weights = samples.write_weights(desk.folder)
    report = pipeline.check(weights, **desk.rows, code="code", factory=factory)
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert says in absent(report)
    assert recorded() == UNMEASURED, "what was found before is recorded all the same"


def test_recipe_that_fails_costs_its_assessment_only(desk: samples.Sample) -> None:
    samples.write_weights(desk.folder)
    report = pipeline.check(desk.model, **desk.rows, code="code", train="sample_nets:fit")
    missed = {missed.what: missed.why for missed in report.not_checked}
    assert "the recipe is gone" in missed["membership-inference"]
    assert "robust_accuracy" in {m.name for m in report.measurements}


def arrays(**named: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez(out, **named)
    return out.getvalue()


def one_array() -> bytes:
    out = io.BytesIO()
    np.save(out, np.zeros((3, 4)))
    return out.getvalue()


def scrambled() -> bytes:
    """A compressed archive whose packed bytes were overwritten."""
    out = io.BytesIO()
    np.savez_compressed(out, x=np.random.default_rng(0).normal(size=(50, 4)), y=np.zeros(50))
    data = bytearray(out.getvalue())
    data[60:400] = bytes(255 - byte for byte in data[60:400])
    return bytes(data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("rows.npz", b""),
        ("rows.npz", b"no archive"),
        ("rows.npz", one_array()),
        ("rows.npz", scrambled()),
        ("rows.npz", arrays(x=np.zeros((3, 4)))),
        ("rows.npz", arrays(x=np.zeros((3, 4)), y=np.zeros(2))),
        ("rows.npz", arrays(x=np.zeros((0, 4)), y=np.zeros(0))),
        ("rows.npz", arrays(x=np.full((3, 4), np.nan), y=np.zeros(3))),
        ("rows.npz", arrays(x=np.zeros((3, 7)), y=np.zeros(3))),
        ("rows.csv", b""),
        ("rows.csv", b"a,a,y\n1,2,0\n3,4,1\n"),
        ("rows.csv", b"\xff\xfe,y\n1,0\n"),
        ("rows.csv", b"a,y\n1,0,3\n"),
        ("rows.csv", b"a,y\n,0\n"),
        ("rows.parquet", b"PAR1"),
        ("rows.txt", b"1 2 3"),
    ],
)
def test_data_that_cannot_be_used_is_inconclusive(
    desk: samples.Sample, name: str, data: bytes
) -> None:
    path = desk.folder / name
    path.write_bytes(data)
    report = pipeline.check(desk.model, data=path, test=path)
    assert (report.verdict, report.exit_code) == (Verdict.INCONCLUSIVE, 2)
    assert absent(report).startswith("could not be done: ")


@pytest.mark.parametrize("option", ["data", "test", "code"])
def test_path_that_is_not_there_is_refused_before_a_keep_is_made(
    desk: samples.Sample, option: str
) -> None:
    with pytest.raises(InputError, match="gone"):
        pipeline.check(desk.model, **{option: desk.folder / "gone"})
    assert not exists(KEEP)


def test_model_that_is_not_there_is_refused(desk: samples.Sample) -> None:
    with pytest.raises(InputError, match=r"gone\.onnx"):
        pipeline.check(desk.folder / "gone.onnx")


# What is recorded


def test_one_statement_per_predicate_type_is_recorded_and_the_log_holds(
    desk: samples.Sample,
) -> None:
    report = pipeline.check(desk.model, **desk.rows)
    assert recorded() == ALL
    assert [(r.predicate, r.leaf_index) for r in report.receipts] == [
        (name, index)
        for index, name in enumerate(ALL, 2)  # after two readings of data
    ]
    with open_keep(KEEP) as keep:
        assert audit_log(keep) == []
        entries = keep.store.entries(report.subject.digest.sha256)
    assert [e.statement_id for e in entries] == [r.statement_id for r in report.receipts]


def test_nothing_is_recorded_about_what_was_not_measured(desk: samples.Sample) -> None:
    pipeline.check(desk.model)
    assert recorded() == UNMEASURED


def test_record_says_what_the_report_says(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, **desk.rows)
    with open_keep(KEEP) as keep:
        bodies = {entry.predicate_type: entry.body for entry in keep.store.entries()}
    uris = {row.key: row.uri for row in TABLE}
    evasion = parse_statement(parse_envelope(bodies[uris["evasion"]]).payload)
    by_name = {m.name: m for m in report.measurements}
    written = {m["name"]: m["value"] for m in evasion.predicate["measurements"]}
    assert {"clean_accuracy", "robust_accuracy"} <= written.keys()
    assert written == {name: by_name[name].value for name in written}
    facts = evasion.facts()
    assert facts["robust_accuracy_low_ppm"] == int(by_name["robust_accuracy"].low * 1e6)
    assert [m["digest"]["sha256"] for m in evasion.predicate["materials"]] == [
        material.digest.sha256 for material in report.materials
    ]


def test_making_a_keep_is_told(desk: samples.Sample) -> None:
    told: list[str] = []
    listener = pipeline.Listener(tell=told.append)
    pipeline.check(desk.model, listener=listener)
    (sentence,) = told
    assert sentence.startswith("made a keep at ")
    assert str(KEEP) in sentence
    pipeline.check(desk.model, listener=listener)
    assert told == [sentence], "the second check finds it"


def test_progress_is_told_as_a_share(desk: samples.Sample) -> None:
    heard: list[tuple[str, float]] = []
    listener = pipeline.Listener(progress=lambda what, share: heard.append((what, share)))
    pipeline.check(desk.model, **desk.rows, listener=listener)
    assert all(0 <= share <= 1 for _, share in heard)
    assert heard[-1] == ("done", 1.0)
    assert {"scanning model.onnx", "loading the model", "evasion-gradient"} <= {
        what for what, _ in heard
    }


# Models of several files, models with code


def test_directory_is_one_model_of_all_its_files(desk: samples.Sample) -> None:
    folder = samples.directory_of(
        desk.folder / "model", model__onnx=desk.model.read_bytes(), config__json=b'{"a": 1}'
    )
    report = pipeline.check(folder, **desk.rows)
    assert report.verdict is Verdict.PASS
    assert [file.path for file in report.files] == ["config.json", "model.onnx"]
    assert (report.subject.name, report.subject.kind) == ("model", "model")
    assert "robust_accuracy" in {m.name for m in report.measurements}


def test_any_file_of_a_directory_changes_its_digest(desk: samples.Sample) -> None:
    folder = samples.directory_of(desk.folder / "model", a__pkl=samples.PLAIN_PICKLE, b=b"b")
    before = pipeline.check(folder).subject.digest
    (folder / "b").write_bytes(b"c")
    assert pipeline.check(folder).subject.digest != before


def test_code_that_builds_the_model_is_recorded_by_digest(desk: samples.Sample) -> None:
    weights = samples.write_weights(desk.folder)
    report = pipeline.check(weights, **desk.rows, code="code", factory="sample_nets:build")
    assert report.verdict is Verdict.PASS
    (code,) = [material for material in report.materials if material.kind == "code"]
    assert code.name == "code"
    with open_keep(KEEP) as keep:
        statements = [
            parse_statement(parse_envelope(entry.body).payload)
            for entry in keep.store.entries(report.subject.digest.sha256)
        ]
    measured = [s for s in statements if len(s.subjects) > 1]
    assert {s.subjects[1].digest.sha256 for s in measured} == {code.digest.sha256}
    assert len(measured) == 6


def test_code_of_another_folder_is_not_mistaken_for_it(desk: samples.Sample) -> None:
    weights = samples.write_weights(desk.folder)
    shutil.copytree("code", "other")
    Path("other/sample_nets.py").write_text("def build():\n    raise RuntimeError('other')\n")
    options = {**desk.rows, "factory": "sample_nets:build"}
    assert pipeline.check(weights, code="code", **options).verdict is Verdict.PASS
    second = pipeline.check(weights, code="other", **options)
    assert second.verdict is Verdict.INCONCLUSIVE, "the code recorded is not the code that ran"


@pytest.fixture(autouse=True)
def forget_code() -> None:
    """Each test imports its own copy of the user's code."""
    sys.modules.pop("sample_nets", None)


# Numbers


def numbers(sample: samples.Sample, keep: str, seed: int) -> tuple[Measurement, ...]:
    measured = pipeline.check(sample.model, **sample.rows, keep=keep, seed=seed).measurements
    return tuple(m for m in measured if not m.name.startswith("sponge"))  # a time


def test_same_seed_gives_the_same_numbers_and_another_does_not(desk: samples.Sample) -> None:
    first = numbers(desk, "one", 7)
    assert first == numbers(desk, "two", 7)
    assert first != numbers(desk, "three", 8)


def test_radius_and_budget_are_those_asked_for(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model, **desk.rows, epsilon_linf=0.1, max_rows=40)
    (robust,) = [m for m in report.measurements if m.name == "robust_accuracy"]
    assert robust.n == 40
    assert robust.attacker is not None
    assert robust.attacker.radius == 0.1
    assert [x for x, _ in robust.curve] == [0.0, 0.05, 0.1, 0.2]


# Bytes that move


def meddle(path: Path, when: str) -> Callable[[str, float], None]:
    """Change a file when the job says that it is at ``when``."""

    def progress(what: str, _share: float) -> None:
        if what.startswith(when):
            path.write_bytes(path.read_bytes()[:-1] + b"!")

    return progress


@pytest.mark.parametrize("when", ["scanning", "loading"])
def test_model_that_changes_while_it_is_checked_is_refused(
    desk: samples.Sample, when: str
) -> None:
    listener = pipeline.Listener(progress=meddle(desk.model, when))
    with pytest.raises(EvidenceError, match="changed while it was being checked"):
        pipeline.check(desk.model, **desk.rows, listener=listener)
    assert recorded() == []


# The anchor


def test_anchor_follows_the_log(desk: samples.Sample) -> None:
    anchor = desk.folder / "anchor.txt"
    for expected in (5, 10):
        pipeline.check(desk.model, anchor=str(anchor))
        assert parse_checkpoint(anchor.read_text()).size == expected
    assert pipeline.verify_evidence(anchor=anchor).problems == []


def test_log_that_does_not_continue_its_anchor_is_not_added_to(desk: samples.Sample) -> None:
    anchor = desk.folder / "anchor.txt"
    pipeline.check(desk.model, anchor=str(anchor))
    shutil.copytree(KEEP, "older")
    pipeline.check(desk.model, anchor=str(anchor))
    with pytest.raises(EvidenceError, match="entries were removed"):
        pipeline.check(desk.model, anchor=str(anchor), keep="older")
    assert len(pipeline.list_evidence(keep="older")) == len(UNMEASURED)
