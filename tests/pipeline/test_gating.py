"""``gate``: on the evidence there is, about these bytes, from those who may, in force."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

import check_samples as samples
from evidence_samples import DAY, sealed_entry, statement
from modelkeep import pipeline
from modelkeep.core import InputError, Subject, UsageError, Verdict
from modelkeep.evidence import (
    Keep,
    PublicKey,
    SigningKey,
    create_keep,
    open_keep,
    utc_now,
)
from modelkeep.policy import ACTIONS
from modelkeep.report import Report
from modelkeep.sources import digest_artifact, open_artifact

KEEP = Path(".modelkeep")
SOUND = {"scan_critical": 0, "scan_high": 0, "scan_inconclusive": 0, "scan_unread": 0}
INTACT = {"signature_present": True, "signature_trusted": True, "signature_broken": False}


@pytest.fixture(autouse=True)
def _keep(desk: samples.Sample) -> None:
    """Every test has an empty keep in a folder of its own."""
    pipeline.init_keep(desk.folder / KEEP, "dev").close()


def missing(report: Report) -> dict[str, tuple[str, ...]]:
    """Conditions that do not hold, with the facts nobody proved."""
    assert report.decision is not None
    assert report.decision.allowed == (not report.decision.missing)
    return {condition.id: condition.absent for condition in report.decision.missing}


def subject() -> Subject:
    """The sample as statements name it."""
    artifact = open_artifact("model.onnx")
    return Subject("model", artifact.name, digest_artifact(artifact).digest)


def record(keep: Keep, issued: dt.datetime) -> None:
    """Evidence that the dev gate is content with."""
    about = subject()
    keep.record(
        [
            statement("scan", about, issued, **SOUND),
            statement("signature", about, issued, **INTACT),
        ]
    )


def test_without_evidence_the_gate_denies_and_names_what_nobody_proved() -> None:
    report = pipeline.gate("model.onnx")
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 1)
    assert missing(report) == {
        "scan-clean": ("scan_critical", "scan_high"),
        "scan-complete": ("scan_inconclusive",),
        "not-tampered": ("signature_broken",),
    }


def test_condition_that_nobody_proved_says_how_to_prove_it() -> None:
    report = pipeline.gate("model.onnx")
    assert report.decision is not None
    assert {m.mend for m in report.decision.missing} == {
        "modelkeep check MODEL --data TRAIN --test TEST"
    }


@pytest.mark.parametrize("action", ACTIONS)
def test_after_a_check_the_gate_allows(desk: samples.Sample, action: str) -> None:
    pipeline.check(desk.model)
    report = pipeline.gate(desk.model, action=action)
    assert (report.verdict, report.exit_code, missing(report)) == (Verdict.PASS, 0, {})


def test_prod_gate_allows_what_prod_checked(desk: samples.Sample) -> None:
    pipeline.sign(desk.model)
    pipeline.check(desk.model, **desk.rows, profile="prod")
    assert missing(pipeline.gate(desk.model, profile="prod")) == {}


def test_evidence_counts_for_the_bytes_it_was_measured_on_only(desk: samples.Sample) -> None:
    pipeline.check(desk.model)
    samples.flip(desk.model)
    assert set(missing(pipeline.gate(desk.model))) == {
        "scan-clean",
        "scan-complete",
        "not-tampered",
    }
    samples.flip(desk.model)
    assert missing(pipeline.gate(desk.model)) == {}


def test_name_of_the_model_does_not_matter(desk: samples.Sample) -> None:
    pipeline.check(desk.model)
    assert missing(pipeline.gate(desk.model.rename("other.bin"))) == {}


def test_expired_evidence_denies_and_says_so() -> None:
    with open_keep(KEEP) as keep:
        record(keep, utc_now() - 31 * DAY)
    report = pipeline.gate("model.onnx")
    assert set(missing(report)) == {"scan-clean", "scan-complete", "not-tampered"}
    assert len(report.notes) == 2
    assert all("expired" in note for note in report.notes)
    assert "expired" in report.render("table")


def test_evidence_in_force_allows_until_it_expires() -> None:
    with open_keep(KEEP) as keep:
        record(keep, utc_now() - 29 * DAY)
    assert missing(pipeline.gate("model.onnx")) == {}


def test_keep_with_a_clock_in_the_past_does_not_renew_evidence(tmp_path: Path) -> None:
    past = utc_now() - 40 * DAY
    with create_keep(tmp_path / "old", "dev", clock=lambda: past) as keep:
        record(keep, past)
    assert "scan-clean" in missing(pipeline.gate("model.onnx", keep=str(tmp_path / "old")))


def test_evidence_from_the_future_does_not_count() -> None:
    with open_keep(KEEP) as keep:
        record(keep, utc_now() + DAY)
    report = pipeline.gate("model.onnx")
    assert {"scan-clean", "evidence-intact"} <= missing(report).keys()
    clock, *rest = report.notes
    assert "the log's newest entry is of" in clock
    assert rest
    assert all("issued in the future" in note for note in rest)


def test_threshold_on_age_denies_before_evidence_expires() -> None:
    Path("modelkeep.toml").write_text("[thresholds]\nevidence_age_max_days = 5\n")
    with open_keep(KEEP) as keep:
        record(keep, utc_now() - 10 * DAY)
    assert "evidence-fresh" in missing(pipeline.gate("model.onnx", profile="prod"))


def test_newest_statement_counts_even_if_it_is_worse(desk: samples.Sample) -> None:
    pipeline.check(desk.model)
    with open_keep(KEEP) as keep:
        keep.record([statement("scan", subject(), utc_now(), **SOUND | {"scan_high": 1})])
    assert missing(pipeline.gate(desk.model)) == {"scan-clean": ()}


@pytest.mark.parametrize("action", ["load", "serve"])
def test_report_profile_refuses_load_and_serve(action: str) -> None:
    with pytest.raises(UsageError, match=action):
        pipeline.gate("model.onnx", action=action, profile="report")


@pytest.mark.parametrize("action", ["train", "store", "deploy"])
def test_report_profile_changes_the_exit_code_and_not_the_decision(action: str) -> None:
    report = pipeline.gate("model.onnx", action=action, profile="report")
    assert (report.verdict, report.exit_code) == (Verdict.FAIL, 0)
    prod = pipeline.gate("model.onnx", action=action, profile="prod")
    assert missing(report) == missing(prod)
    assert prod.exit_code == 1


def test_unknown_action_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'fly'"):
        pipeline.gate("model.onnx", action="fly")


def test_evidence_by_a_signer_without_the_grant_does_not_count() -> None:
    other = SigningKey.generate()
    _trust(other.public, ("signature",))
    _append(other)
    report = pipeline.gate("model.onnx")
    assert set(missing(report)) == {"scan-clean", "scan-complete"}
    (note,) = report.notes
    assert "may not assert scan" in note


def test_evidence_by_a_signer_with_the_grant_counts() -> None:
    other = SigningKey.generate("ed25519")
    _trust(other.public, ("scan", "signature"))
    _append(other)
    assert missing(pipeline.gate("model.onnx")) == {}


def test_evidence_by_a_stranger_does_not_count_and_breaks_nothing() -> None:
    _append(SigningKey.generate())
    report = pipeline.gate("model.onnx")
    assert "scan-clean" in missing(report)
    assert "evidence-intact" not in missing(report)
    assert all("whom the trust map does not know" in note for note in report.notes)


def _trust(key: PublicKey, predicates: tuple[str, ...]) -> None:
    Path("other.pub").write_text(key.pem)
    pipeline.add_trust("other", "other.pub", predicates)


def _append(key: SigningKey) -> None:
    """Put statements by any key into the log."""
    about, now = subject(), utc_now()
    with open_keep(KEEP) as keep:
        keep.store.append(
            [
                sealed_entry(statement("scan", about, now, **SOUND), key),
                sealed_entry(statement("signature", about, now, **INTACT), key),
            ]
        )


def test_decision_is_recorded_with_what_it_rests_on(desk: samples.Sample) -> None:
    made = pipeline.check(desk.model)
    report = pipeline.gate(desk.model, action="load")
    (receipt,) = report.receipts
    predicate = pipeline.show_evidence(receipt.statement_id)["statement"]["predicate"]
    assert (predicate["action"], predicate["verificationResult"]) == ("load", "PASSED")
    known = {r.predicate: r.statement_id for r in made.receipts}
    assert {item["digest"]["sha256"] for item in predicate["inputAttestations"]} == {
        known[name] for name in ("scan", "signature", "bom")
    }
    assert report.decision is not None
    assert predicate["policy"]["digest"]["sha256"] == report.decision.policy


def test_denial_is_recorded_with_what_is_missing() -> None:
    (receipt,) = pipeline.gate("model.onnx").receipts
    predicate = pipeline.show_evidence(receipt.statement_id)["statement"]["predicate"]
    assert predicate["verificationResult"] == "FAILED"
    assert predicate["missing"] == ["scan-clean", "scan-complete", "not-tampered"]


def test_policy_file_of_the_keep_decides(desk: samples.Sample) -> None:
    pipeline.check(desk.model)
    policy = KEEP / "policies" / "dev.cedar"
    policy.write_text(
        policy.read_text() + '@id("one-more")\n@says("it is the rule here")\n@mend("ask")\n'
        "permit (principal, action, resource) when { context.evidence_age_days > 1000 };\n"
    )
    assert missing(pipeline.gate(desk.model)) == {"one-more": ()}


@pytest.mark.parametrize(
    "text",
    ["", "permit (principal, action, resource);", "forbid (principal, action, resource);"],
)
def test_policy_that_would_let_anything_through_is_refused(text: str) -> None:
    (KEEP / "policies" / "dev.cedar").write_text(text)
    with pytest.raises(InputError, match=r"dev\.cedar"):
        pipeline.gate("model.onnx")


def test_policy_of_a_past_decision_is_kept(desk: samples.Sample) -> None:
    report = pipeline.check(desk.model)
    assert report.decision is not None
    kept = KEEP / "policies" / "decided" / f"{report.decision.policy}.json"
    assert '"profile": "dev"' in kept.read_text()
