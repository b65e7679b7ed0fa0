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
