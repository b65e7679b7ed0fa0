"""A bundle verifies elsewhere, against the verifier's own trust map, or says what is wrong."""

from __future__ import annotations

import base64
import copy
import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

from evidence_samples import (
    DAY,
    NOON,
    entry,
    fill,
    model,
    new_keep,
    sealed_entry,
    statement,
    tamper,
)
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import (
    BundleReport,
    Keep,
    SigningKey,
    TrustMap,
    by_key,
    encode,
    export_bundle,
    open_keep,
    parse_statement,
    seal,
    verify_bundle,
    verify_envelope,
)
from modelkeep.evidence.checkpoint import verifier_key
from modelkeep.evidence.trust_map import Log

Bundle = dict[str, Any]
SUBJECT = model().digest.sha256
POLICY = {"name": "dev", "text": "permit (principal, action, resource);"}
STRANGER = SigningKey.generate()


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    with new_keep(tmp_path) as made:
        yield recorded(made)


def recorded(keep: Keep) -> Keep:
    """A scan, a measurement and a decision resting on both, among those of another model."""
    other = model("other.onnx")
    keep.record([statement(subject=other)])
    (scan,) = keep.record([statement(scan_critical=0)])
    keep.record([statement(subject=other), statement("bom", subject=other)])
    (performance,) = keep.record([statement("performance", issued=NOON + DAY)])
    rests_on = [{"digest": {"sha256": one.statement_id}} for one in (scan, performance)]
    fields = {"inputAttestations": rests_on}
    keep.record([statement("decision", issued=NOON + 2 * DAY, fields=fields)])
    keep.record([statement(subject=other)])
    return keep


def exported(keep: Keep, anchor: str | None = None) -> Bundle:
    """The bundle as the receiver gets it."""
    return dict(json.loads(json.dumps(export_bundle(keep, SUBJECT, POLICY, anchor))))


def verified(
    bundle: Bundle, trust: TrustMap, anchor: str | None = None, days: float = 3
) -> BundleReport:
    return verify_bundle(json.dumps(bundle).encode(), trust, NOON + days * DAY, anchor)


def newest(keep: Keep) -> str:
    return keep.store.checkpoints()[-1]


with tempfile.TemporaryDirectory() as _folder, new_keep(Path(_folder)) as _keep:
    TRUST = recorded(_keep).trust
    BUNDLE = exported(_keep)
INDEXES = [item["index"] for item in BUNDLE["entries"]]
LOST = [{"scan_critical"}, {"test_accuracy_ppm", "test_rows"}, set[str]()]  # facts per entry


def test_bundle_verifies_with_nothing_but_a_trust_map() -> None:
    report = verified(BUNDLE, TRUST)
    assert report.problems == []
    assert report.facts.values == {
        "scan_critical": 0,
        "test_accuracy_ppm": 910_000,
        "test_rows": 500,
    }
    assert report.facts_then.values == report.facts.values
    assert report.decision
    assert report.decision.predicate["action"] == "deploy"
    assert report.policy == POLICY


def test_bundle_holds_every_envelope_of_the_subject_byte_for_byte(keep: Keep) -> None:
    bundle = exported(keep)
    assert INDEXES == [item["index"] for item in bundle["entries"]] == [1, 4, 5]
    assert [base64.b64decode(item["envelope"]) for item in bundle["entries"]] == [
        found.body for found in keep.store.entries(SUBJECT)
    ]


def test_facts_expire_while_what_was_decided_stays_readable() -> None:
    report = verified(BUNDLE, TRUST, days=60)
    assert report.problems == []
    assert report.facts.values == {}
    assert any("scan statement expired" in note for note in report.notes)
    assert report.facts_then.values["scan_critical"] == 0


def test_bundle_without_a_decision_says_so(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        fill(keep, 1)
        report = verified(exported(keep), keep.trust)
    assert report.problems == []
    assert report.decision is None
    assert "the bundle holds no decision" in report.notes


def test_nothing_recorded_is_nothing_to_export(keep: Keep) -> None:
    with pytest.raises(InputError, match="nothing is recorded about sha256:0000"):
        export_bundle(keep, "00" * 32, None)


@given(st.integers(0, len(INDEXES) - 1), st.integers(0), st.integers(1, 255))
def test_changed_byte_in_any_envelope_is_named(number: int, at: int, flip: int) -> None:
    bundle = copy.deepcopy(BUNDLE)
    envelope = bytearray(base64.b64decode(bundle["entries"][number]["envelope"]))
    envelope[at % len(envelope)] ^= flip
    bundle["entries"][number]["envelope"] = base64.b64encode(envelope).decode()
    index = INDEXES[number]
    report = verified(bundle, TRUST)
    assert f"entry {index} is not in the log of 7" in report.problems[0]
    assert not set(report.facts.values) & LOST[number]
    assert (report.decision is None) == (number == 2)


def test_entries_out_of_order_are_named() -> None:
    bundle = BUNDLE | {"entries": BUNDLE["entries"][::-1]}
    assert verified(bundle, TRUST).problems == [
        "entry 4 stands behind entry 5 (re-ordered)",
        "entry 1 stands behind entry 4 (re-ordered)",
    ]


def test_entry_given_twice_is_named() -> None:
    bundle = BUNDLE | {"entries": [BUNDLE["entries"][0], *BUNDLE["entries"]]}
    assert verified(bundle, TRUST).problems == ["entry 1 stands behind entry 1 (re-ordered)"]


def test_entry_about_another_subject_is_named(keep: Keep) -> None:
    other = model("other.onnx").digest.sha256
    foreign = export_bundle(keep, other, None)["entries"]
    bundle = exported(keep)
    bundle["entries"] = [*foreign[:1], *bundle["entries"]]
    report = verified(bundle, keep.trust)
    assert report.problems == [f"entry 0: is about sha256:{other}, not about the subject"]
    assert len(report.facts.used) == 2


def test_entry_by_a_signer_nobody_trusts_is_named(keep: Keep) -> None:
    keep.store.append([sealed_entry(statement(scan_critical=9), STRANGER)])
    report = verified(exported(keep), keep.trust)
    (problem,) = report.problems
    assert problem.startswith(f"entry 7: signed by {STRANGER.public.keyid[:12]}")
    assert report.facts.values["scan_critical"] == 0


def test_entry_with_a_forged_signature_is_named(keep: Keep) -> None:
    envelope = json.loads(seal(statement(scan_critical=9).to_bytes(), STRANGER))
    envelope["signatures"][0]["keyid"] = keep.key.public.keyid
    keep.store.append([entry(encode(envelope))])
    report = verified(exported(keep), keep.trust)
    signer = keep.key.public.keyid[:12]
    assert report.problems == [f"entry 7: signature of {signer} does not verify"]


def test_signer_without_the_grant_is_noted_and_not_believed(keep: Keep) -> None:
    keep.store.append([sealed_entry(statement(scan_critical=9), STRANGER)])
    trust = keep.trust.with_signer("guest", STRANGER.public, ("bom",))
    report = verified(exported(keep), trust)
    assert report.problems == []
    assert report.facts.values["scan_critical"] == 0
    assert any("may not assert scan" in note for note in report.notes)


def test_decision_by_a_signer_without_the_grant_is_named(keep: Keep) -> None:
    keep.store.append([sealed_entry(statement("decision"), STRANGER)])
    trust = keep.trust.with_signer("guest", STRANGER.public, ("scan",))
    report = verified(exported(keep), trust)
    assert f"signer {STRANGER.public.keyid[:12]} may not assert decisions" in report.problems
    assert report.decision  # the older, authorised one
    assert report.decision.issued == NOON + 2 * DAY


def test_evidence_left_out_that_the_decision_rests_on_is_named() -> None:
    left_out = base64.b64decode(BUNDLE["entries"][0]["envelope"])
    bundle = BUNDLE | {"entries": BUNDLE["entries"][1:]}
    (problem,) = verified(bundle, TRUST).problems
    payload, _ = verify_envelope(left_out, TRUST.keys())
    assert parse_statement(payload).predicate_type == by_key("scan").uri
    assert problem.startswith("the decision rests on ")
    assert problem.endswith(", not in the bundle")


def test_unknown_log_is_named() -> None:
    report = verified(BUNDLE, TrustMap(signers=TRUST.signers))
    origin = BUNDLE["checkpoint"].splitlines()[0]
    assert report.problems == [f"the trust map does not know the log {origin!r}"]
    assert report.facts.values == {}


def test_checkpoint_by_another_key_than_the_logs_is_named() -> None:
    origin = TRUST.logs[0].origin
    key = ed25519.Ed25519PrivateKey.generate()
    trust = TrustMap(
        signers=TRUST.signers, logs=(Log(origin, verifier_key(origin, key.public_key())),)
    )
    (problem,) = verified(BUNDLE, trust).problems
    assert "is not signed by the trusted log key" in problem


@pytest.mark.parametrize("index", [-1, 0, 2, 7, 10**30])
def test_entry_under_another_index_is_named(index: int) -> None:
    bundle = copy.deepcopy(BUNDLE)
    bundle["entries"][0]["index"] = index
    assert f"entry {index}: entry {index} is not in" in verified(bundle, TRUST).problems[0]


def test_proof_of_another_entry_is_named() -> None:
    bundle = copy.deepcopy(BUNDLE)
    bundle["entries"][0]["proof"] = bundle["entries"][1]["proof"]
    assert verified(bundle, TRUST).problems[0].startswith("entry 1: ")


def test_log_that_continues_the_anchor_is_proved(keep: Keep) -> None:
    bundle = exported(keep)
    for anchor in keep.store.checkpoints():
        assert verified(bundle, keep.trust, anchor).problems == []


def test_log_truncated_behind_the_anchor_is_named(keep: Keep) -> None:
    bundle = exported(keep)
    fill(keep, 2)
    (problem,) = verified(bundle, keep.trust, newest(keep)).problems
    assert problem == "the bundle's log has 7 entries, the anchor saw 9"


def test_rewritten_log_is_caught_by_the_anchor(keep: Keep) -> None:
    """The owner of the keys writes another history; the verifier kept a checkpoint."""
    anchors = keep.store.checkpoints()
    keep.close()
    for file in keep.root.glob("evidence.db*"):
        file.unlink()
    with open_keep(keep.root) as again:
        fill(again, 8, model())
        for anchor in anchors:
            bundle = exported(again, anchor)
            assert verified(bundle, again.trust).problems == []
            (problem,) = verified(bundle, again.trust, anchor).problems
            assert problem.startswith("anchor: the log of 8 does not continue the log of")


def test_missing_proof_from_the_anchor_is_named(keep: Keep) -> None:
    bundle = exported(keep)
    assert [item["size"] for item in bundle["consistency"]] == [1, 2, 4, 5, 6]
    bundle["consistency"] = []
    (problem,) = verified(bundle, keep.trust, keep.store.checkpoints()[2]).problems
    assert problem == "no proof from the anchor's 4 entries: export with --anchor"


def test_export_with_an_anchor_brings_its_proof(keep: Keep) -> None:
    anchor = keep.store.checkpoints()[1]
    tamper(keep.root, ("DELETE FROM checkpoint WHERE size < 6", ()))
    (problem,) = verified(exported(keep), keep.trust, anchor).problems
    assert "no proof from the anchor's 2 entries" in problem
    assert verified(exported(keep, anchor), keep.trust, anchor).problems == []


def test_damaged_proof_from_the_anchor_is_named(keep: Keep) -> None:
    bundle, anchor = exported(keep), keep.store.checkpoints()[2]
    for item in bundle["consistency"]:
        item["proof"][0] = "00" * 32
    (problem,) = verified(bundle, keep.trust, anchor).problems
    assert problem == "anchor: the log of 7 does not continue the log of 4"


def test_anchor_of_another_log_is_named(keep: Keep) -> None:
    with tempfile.TemporaryDirectory() as folder, new_keep(Path(folder)) as other:
        fill(other, 1)
        anchor, logs = newest(other), other.trust.logs
    trust = TrustMap(signers=keep.trust.signers, logs=keep.trust.logs + logs)
    (problem,) = verified(exported(keep), trust, anchor).problems
    assert problem == f"the anchor is of log {logs[0].origin!r}, the bundle of {keep.origin!r}"
    (problem,) = verified(exported(keep), keep.trust, anchor).problems
    assert problem == f"anchor: the trust map does not know the log {logs[0].origin!r}"


def test_garbage_anchor_is_named(keep: Keep) -> None:
    (problem,) = verified(exported(keep), keep.trust, "garbage").problems
    assert problem.startswith("anchor: not a log checkpoint")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"null", b"5", b'"x"', b"{}", b"[" * 100_000, b'{"format": "x"}'],
    ids=lambda data: data[:20].decode(errors="replace"),
)
def test_garbage_is_no_bundle(data: bytes) -> None:
    with pytest.raises(EvidenceError, match="bundle"):
        verify_bundle(data, TRUST, NOON)


Change = Callable[[Bundle], object]
GARBAGE: dict[str, Change] = {
    "no entries": lambda b: b.pop("entries"),
    "entries is a number": lambda b: b.update(entries=5),
    "entry is a list": lambda b: b.update(entries=[[]]),
    "entry is null": lambda b: b.update(entries=[None]),
    "no envelope": lambda b: b["entries"][0].pop("envelope"),
    "envelope is a number": lambda b: b["entries"][0].update(envelope=5),
    "envelope is not base64": lambda b: b["entries"][0].update(envelope="***"),
    "index is text": lambda b: b["entries"][0].update(index="first"),
    "index is null": lambda b: b["entries"][0].update(index=None),
    "index is infinite": lambda b: b["entries"][0].update(index=float("inf")),
    "index is not a number": lambda b: b["entries"][0].update(index=float("nan")),
    "index is a fraction": lambda b: b["entries"][0].update(index=1.5),
    "proof is a number": lambda b: b["entries"][0].update(proof=5),
    "proof is not hex": lambda b: b["entries"][0].update(proof=["xy"]),
    "no checkpoint": lambda b: b.pop("checkpoint"),
    "no subject": lambda b: b.pop("subject"),
    "no consistency": lambda b: b.pop("consistency"),
    "consistency size is infinite": lambda b: b["consistency"][0].update(size=float("inf")),
    "consistency proof is null": lambda b: b["consistency"][0].update(proof=None),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_bundle_of_another_shape_is_refused(name: str) -> None:
    bundle = copy.deepcopy(BUNDLE)
    GARBAGE[name](bundle)
    with pytest.raises(EvidenceError, match="not an evidence bundle"):
        verified(bundle, TRUST)


@pytest.mark.parametrize("note", ["", "garbage", 5, None, {}])
def test_bundle_whose_checkpoint_is_none_is_named(note: object) -> None:
    (problem,) = verified(BUNDLE | {"checkpoint": note}, TRUST).problems
    assert "not a log checkpoint" in problem


@pytest.mark.parametrize(
    "predicate",
    [
        {"issued": None},
        {"issued": "soon"},
        {"inputAttestations": 5},
        {"inputAttestations": ["x"]},
        {"inputAttestations": [{"digest": "x"}]},
    ],
    ids=str,
)
def test_decision_of_another_shape_by_a_trusted_signer_is_named(
    keep: Keep, predicate: dict[str, object]
) -> None:
    data = json.loads(statement("decision").to_bytes())
    data["predicate"] |= predicate
    keep.store.append([entry(seal(encode(data), keep.key))])
    assert verified(exported(keep), keep.trust).problems != []
