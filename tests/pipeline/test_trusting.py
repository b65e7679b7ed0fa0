"""``trust``: who may assert what, in this keep and for others."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, UsageError, Verdict
from modelkeep.evidence import TABLE, SigningKey, load_trust_map

KEEP = Path(".modelkeep")
EVERY = tuple(row.key for row in TABLE)


@pytest.fixture(autouse=True)
def _keep(desk: samples.Sample) -> None:
    """Every test has a keep in a folder of its own, and somebody's public key."""
    pipeline.init_keep(desk.folder / KEEP, "dev").close()
    Path("ci.pub").write_text(SigningKey.generate("ed25519").public.pem)


def names() -> list[str]:
    return [signer.name for signer in pipeline.list_trust()]


def test_fresh_keep_trusts_itself_for_everything() -> None:
    (signer,) = pipeline.list_trust()
    assert (signer.name, signer.predicates) == ("keep", EVERY)


def test_signer_may_assert_what_was_granted_and_no_more() -> None:
    signer = pipeline.add_trust("ci", "ci.pub", ("scan", "evasion"))
    assert signer.predicates == ("scan", "evasion")
    assert pipeline.list_trust()[-1] == signer


def test_signer_without_a_list_may_assert_everything() -> None:
    assert pipeline.add_trust("ci", "ci.pub", ()).predicates == EVERY


def test_taken_name_is_refused() -> None:
    with pytest.raises(UsageError, match="'keep'"):
        pipeline.add_trust("keep", "ci.pub", ())
    assert names() == ["keep"]


def test_unknown_predicate_is_refused() -> None:
    with pytest.raises(EvidenceError, match="'gossip'"):
        pipeline.add_trust("ci", "ci.pub", ("gossip",))
    assert names() == ["keep"]


@pytest.mark.parametrize("data", [b"", b"no key", b"\xff\xfe", None])
def test_file_that_is_no_public_key_is_refused(data: bytes | None) -> None:
    if data is None:
        Path("ci.pub").unlink()
    else:
        Path("ci.pub").write_bytes(data)
    with pytest.raises(InputError):
        pipeline.add_trust("ci", "ci.pub", ())
    assert names() == ["keep"]


def test_private_key_is_not_taken_for_a_public_one() -> None:
    with pytest.raises(InputError, match="not a public key"):
        pipeline.add_trust("ci", KEEP / "keys" / "signing.pem", ())


def test_evidence_counts_no_more_once_its_signer_is_removed() -> None:
    assert pipeline.check("model.onnx").verdict is Verdict.PASS
    pipeline.remove_trust("keep")
    report = pipeline.gate("model.onnx")
    assert report.verdict is Verdict.FAIL
    assert report.decision is not None
    assert "scan-clean" in {missing.id for missing in report.decision.missing}


def test_unknown_signer_cannot_be_removed() -> None:
    with pytest.raises(UsageError, match="'nobody'"):
        pipeline.remove_trust("nobody")


def test_exported_map_is_the_keep_s_own_and_holds_no_private_key() -> None:
    pipeline.add_trust("ci", "ci.pub", ("scan",))
    Path("exported.json").write_bytes(pipeline.export_trust().to_json())
    exported = load_trust_map(Path("exported.json"))
    assert exported == load_trust_map(KEEP / "trust.json")
    assert [log.origin for log in exported.logs]
    assert "PRIVATE" not in Path("exported.json").read_text()


def test_rotated_keep_signs_on_and_what_it_recorded_still_counts(desk: samples.Sample) -> None:
    pipeline.sign(desk.model)
    assert pipeline.verify(desk.model).verdict is Verdict.PASS
    old = pipeline.list_trust()[0].keyid
    signer = pipeline.rotate_trust("ed25519")
    assert signer.keyid != old
    report = pipeline.verify(desk.model)
    assert (report.verdict, report.notes[0]) == (Verdict.PASS, f"signed by keep-{old[:8]}")
    pipeline.sign(desk.model)
    assert pipeline.verify(desk.model).notes[0] == "signed by keep"


def test_signature_that_the_log_never_saw_does_not_survive_the_end_of_its_key(
    desk: samples.Sample,
) -> None:
    key = SigningKey.generate()
    key.save(Path("ci.pem"))
    Path("own.pub").write_text(key.public.pem)
    pipeline.add_trust("builder", "own.pub", ("model-signature",))
    pipeline.sign(desk.model, key="ci.pem")
    pipeline.revoke_trust("builder", reason="key left on a laptop")
    report = pipeline.verify(desk.model)
    assert report.verdict is Verdict.FAIL
    assert "key left on a laptop" in report.notes[0]


def test_cluster_verifies_what_ci_signed_after_one_import(
    desk: samples.Sample, tmp_path: Path
) -> None:
    cluster = str(tmp_path / "cluster")
    pipeline.init_keep(Path(cluster), "dev").close()
    pipeline.sign(desk.model)
    assert pipeline.verify(desk.model, keep=cluster).verdict is Verdict.FAIL
    Path("trust.json").write_bytes(pipeline.export_signed_trust())
    with pytest.raises(EvidenceError, match="nobody trusted"):
        pipeline.import_trust("trust.json", keep=cluster)
    pipeline.import_trust("trust.json", key=KEEP / "keys" / "signing.pub", keep=cluster)
    assert pipeline.verify(desk.model, keep=cluster).verdict is Verdict.PASS
