"""``evidence``: listed, shown, proved, exported, and verified by somebody else."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from hypothesis import given
from hypothesis import strategies as st

import check_samples as samples
from evidence_samples import DAY, statement, tamper
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, ModelkeepError
from modelkeep.evidence import open_keep, utc_now
from modelkeep.evidence.checkpoint import (
    Checkpoint,
    sign_checkpoint,
    verifier_key,
    verify_checkpoint,
)
from modelkeep.evidence.merkle import leaf_hash, verify_inclusion

Bundle = dict[str, Any]


@pytest.fixture
def keep(desk: samples.Sample) -> Path:
    """A keep with one check of the sample."""
    pipeline.check(desk.model)
    return desk.folder / ".modelkeep"


@pytest.fixture(scope="session")
def auditor(checked: samples.Checked, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of somebody else, with a bundle and the trust map, and no keep."""
    folder = tmp_path_factory.mktemp("auditor")
    bundle = pipeline.export_evidence(checked.sample.model, keep=str(checked.keep))
    (folder / "bundle.json").write_text(json.dumps(bundle))
    trust = pipeline.export_trust(keep=str(checked.keep))
    (folder / "trust.json").write_bytes(trust.to_json())
    return folder


# Looking


def test_entries_are_listed_in_log_order_by_name(keep: Path) -> None:
    lines = pipeline.list_evidence()
    assert [line.index for line in lines] == list(range(5))
    assert [line.predicate for line in lines] == [
        "scan",
        "signature",
        "bom",
        "test-result",
        "decision",
    ]
    assert {line.name for line in lines} == {"model.onnx"}
    assert not any(line.expired for line in lines)
    assert keep.is_dir()


@pytest.mark.usefixtures("keep")
def test_entries_of_one_model_are_listed_alone(desk: samples.Sample) -> None:
    other = samples.directory_of(desk.folder / "other", a__pkl=samples.PLAIN_PICKLE)
    pipeline.check(other)
    assert len(pipeline.list_evidence()) == 10
    assert {line.name for line in pipeline.list_evidence(other)} == {"other"}


def test_expired_entries_are_marked(keep: Path) -> None:
    with open_keep(keep) as opened:
        opened.record([statement("scan", issued=utc_now() - 31 * DAY)])
    assert [line.expired for line in pipeline.list_evidence()] == [False] * 5 + [True]


@pytest.mark.usefixtures("keep")
def test_statement_is_shown_by_the_start_of_its_id() -> None:
    line = pipeline.list_evidence()[0]
    shown = pipeline.show_evidence(line.statement_id[:8])
    assert (shown["statement_id"], shown["log_index"]) == (line.statement_id, 0)
    assert shown["statement"]["predicate"]["facts"]["scan_critical"] == 0
    assert len(shown["signed_by"]) == 1


@pytest.mark.usefixtures("keep")
@pytest.mark.parametrize("identifier", ["", "zz", "%", "_", "f" * 64])
def test_id_that_names_no_single_statement_is_refused(identifier: str) -> None:
    with pytest.raises(InputError):
        pipeline.show_evidence(identifier)


def test_proof_leads_from_the_statement_to_the_signed_checkpoint(keep: Path) -> None:
    with open_keep(keep) as opened:
        entry = opened.store.entries()[2]
        (log,) = opened.trust.logs
    proof = pipeline.prove_evidence(entry.statement_id)
    checkpoint = verify_checkpoint(proof["checkpoint"], log.vkey)
    path = [bytes.fromhex(part) for part in proof["inclusion_proof"]]
    assert (proof["log_index"], checkpoint.size) == (2, 5)
    verify_inclusion(leaf_hash(entry.body), 2, 5, path, checkpoint.root)
    with pytest.raises(EvidenceError):
        verify_inclusion(leaf_hash(entry.body + b" "), 2, 5, path, checkpoint.root)


# The keep's own log


def test_log_is_verified_whatever_letters_its_key_is_written_in() -> None:
    for _ in range(64):
        key = ed25519.Ed25519PrivateKey.generate()
        vkey = verifier_key("log/1", key.public_key())
        note = sign_checkpoint(Checkpoint("log/1", 3, b"r" * 32), key)
        assert verify_checkpoint(note, vkey).size == 3, vkey


@pytest.mark.usefixtures("keep")
def test_own_log_holds_and_says_what_an_anchor_would_add() -> None:
    outcome = pipeline.verify_evidence()
    assert outcome.problems == []
    assert any("no anchor" in note for note in outcome.notes)


@pytest.mark.parametrize("body", ["CAST(body || ' ' AS BLOB)", "body || ' '", "x''", "7"])
def test_entry_changed_behind_our_back_is_named(keep: Path, body: str) -> None:
    tamper(keep, (f"UPDATE entry SET body = {body} WHERE seq = ?", (1,)))
    problems = pipeline.verify_evidence().problems
    assert any("entry 1 was changed" in problem for problem in problems)


def test_anchor_that_saw_more_than_the_log_holds_is_a_problem(
    keep: Path, desk: samples.Sample
) -> None:
    older = desk.folder / "older"
    keep.rename(older)
    shutil.copytree(older, keep)
    pipeline.check(desk.model, anchor="anchor.txt")
    assert pipeline.verify_evidence(anchor="anchor.txt").problems == []
    (problem,) = pipeline.verify_evidence(anchor="anchor.txt", keep=str(older)).problems
    assert "the anchor saw 10" in problem


@pytest.mark.usefixtures("keep")
def test_anchor_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match=r"gone\.txt"):
        pipeline.verify_evidence(anchor="gone.txt")


# Bundles


def verify(auditor: Path, bundle: object, **more: object) -> list[str]:
    """What somebody without a keep finds wrong with a bundle."""
    path = auditor / "changed.json"
    path.write_text(json.dumps(bundle))
    outcome = pipeline.verify_evidence(path, trust=auditor / "trust.json", **more)
    return outcome.problems


@pytest.fixture(scope="session")
def bundle(auditor: Path) -> Bundle:
    """The bundle as exported."""
    found = json.loads((auditor / "bundle.json").read_text())
    assert isinstance(found, dict)
    return found


def test_bundle_verifies_without_a_keep(auditor: Path) -> None:
    outcome = pipeline.verify_evidence(auditor / "bundle.json", trust=auditor / "trust.json")
    assert outcome.problems == []
    assert outcome.decision.startswith("deploy PASSED at ")
    assert outcome.facts["signature_trusted"] is True
    assert outcome.facts["test_rows"] == samples.ROWS
    assert {path.name for path in auditor.iterdir()} <= {
        "bundle.json",
        "trust.json",
        "changed.json",
    }


def test_bundle_is_worth_nothing_to_somebody_who_trusts_others(
    auditor: Path, tmp_path: Path
) -> None:
    pipeline.init_keep(tmp_path / "other", "dev").close()
    other = str(tmp_path / "other")
    outcome = pipeline.verify_evidence(auditor / "bundle.json", keep=other)
    assert outcome.problems
    assert outcome.facts == {}


def _envelope(bundle: Bundle) -> None:
    body = bytearray(base64.b64decode(bundle["entries"][3]["envelope"]))
    body[40] ^= 1
    bundle["entries"][3]["envelope"] = base64.b64encode(body).decode()


def _swap(bundle: Bundle) -> None:
    first, second = bundle["entries"][:2]
    first["envelope"], second["envelope"] = second["envelope"], first["envelope"]


def _reorder(bundle: Bundle) -> None:
    bundle["entries"].reverse()


def _index(bundle: Bundle) -> None:
    bundle["entries"][0]["index"] = 1


def _proof(bundle: Bundle) -> None:
    bundle["entries"][0]["proof"][0] = "00" * 32


def _no_proof(bundle: Bundle) -> None:
    bundle["entries"][0]["proof"] = []


def _input(bundle: Bundle) -> None:
    del bundle["entries"][0]


def _checkpoint(bundle: Bundle) -> None:
    lines = bundle["checkpoint"].split("\n")
    lines[1] = "7"
    bundle["checkpoint"] = "\n".join(lines)


def _subject(bundle: Bundle) -> None:
    bundle["subject"] = "ab" * 32


def _conditions(bundle: Bundle) -> None:
    bundle["policy"]["conditions"] = bundle["policy"]["conditions"].replace("== 0", ">= 0")


def _threshold(bundle: Bundle) -> None:
    bundle["policy"]["thresholds"]["robust_share_min"] = 0.1


def _no_threshold(bundle: Bundle) -> None:
    del bundle["policy"]["thresholds"]["robust_share_min"]


def _worse(bundle: Bundle) -> None:
    bundle["policy"]["thresholds"]["robust_share_min"] = 1.0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (_envelope, "entry 5"),
        (_swap, "entry 2"),
        (_reorder, "re-ordered"),
        (_index, "entry 1"),
        (_proof, "entry 2"),
        (_no_proof, "entry 2"),
        (_input, "not in the bundle"),
        (_checkpoint, "checkpoint"),
        (_subject, "not about the subject"),
        (_conditions, "not the one the decision names"),
        (_threshold, "not the one the decision names"),
        (_no_threshold, "policy"),
        (_worse, "not the one the decision names"),
    ],
)
def test_tampered_bundle_does_not_hold(
    auditor: Path, bundle: Bundle, change: Callable[[Bundle], None], says: str
) -> None:
    changed = copy.deepcopy(bundle)
    change(changed)
    problems = verify(auditor, changed)
    assert any(says in problem for problem in problems), problems


@pytest.mark.parametrize(
    "change",
    [
        {"profile": "report"},
        {"conditions": "permit"},
        {"conditions": 3},
        {"thresholds": {"robust_share_min": -1}},
        {"thresholds": {"robust_share_min": "half"}},
        {"thresholds": {"robust_share_min": 1e400}},
        {"thresholds": {"robust_share_min": float("nan")}},
        {"thresholds": []},
    ],
)
def test_policy_that_is_not_one_is_a_problem_and_no_crash(
    checked: samples.Checked, auditor: Path, change: dict[str, object]
) -> None:
    keep = str(checked.keep)
    pipeline.gate(checked.sample.model, action="load", profile="prod", keep=keep)
    changed = pipeline.export_evidence(checked.sample.model, keep=keep)
    changed["policy"] |= change
    assert verify(auditor, changed)


@pytest.mark.parametrize("policy", [[], "prod", 3, True])
def test_policy_of_another_shape_is_a_problem_and_no_crash(
    auditor: Path, bundle: Bundle, policy: object
) -> None:
    assert verify(auditor, bundle | {"policy": policy})


def test_bundle_without_a_policy_says_that_the_decision_was_not_repeated(
    auditor: Path, bundle: Bundle
) -> None:
    path = auditor / "changed.json"
    path.write_text(json.dumps(bundle | {"policy": None}))
    outcome = pipeline.verify_evidence(path, trust=auditor / "trust.json")
    assert outcome.problems == []
    assert any("not repeated" in note for note in outcome.notes)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b"\xff", b'{"format": "other"}', b"[" * 9999]
)
def test_file_that_is_no_bundle_is_refused(auditor: Path, text: bytes) -> None:
    path = auditor / "changed.json"
    path.write_bytes(text)
    with pytest.raises(EvidenceError):
        pipeline.verify_evidence(path, trust=auditor / "trust.json")


def test_bundle_or_trust_map_that_is_not_there_is_refused(auditor: Path) -> None:
    with pytest.raises(InputError, match="gone"):
        pipeline.verify_evidence(auditor / "gone", trust=auditor / "trust.json")
    with pytest.raises(InputError, match="gone"):
        pipeline.verify_evidence(auditor / "bundle.json", trust=auditor / "gone")


junk = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.just([])
    | st.just({})
)


def places(node: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Paths to everything in a JSON document."""
    items: list[tuple[str | int, object]] = []
    if isinstance(node, dict):
        items = list(node.items())
    elif isinstance(node, list):
        items = list(enumerate(node))
    return [path, *(found for key, value in items for found in places(value, (*path, key)))]


@given(data=st.data(), value=junk)
def test_no_damage_to_a_bundle_is_a_crash(
    auditor: Path, bundle: Bundle, data: st.DataObject, value: object
) -> None:
    changed = copy.deepcopy(bundle)
    *way, last = data.draw(st.sampled_from(places(bundle)[1:]))
    node: Any = changed
    for key in way:
        node = node[key]
    node[last] = value
    with contextlib.suppress(ModelkeepError):
        verify(auditor, changed)


# Anchors of somebody else


def test_bundle_proves_itself_against_an_older_anchor(desk: samples.Sample, keep: Path) -> None:
    pipeline.check(desk.model, anchor="anchor.txt")
    pipeline.check(desk.model)
    trust = desk.folder / "trust.json"
    trust.write_bytes(pipeline.export_trust().to_json())
    exported = pipeline.export_evidence(desk.model, anchor="anchor.txt")
    Path("bundle.json").write_text(json.dumps(exported))
    found = pipeline.verify_evidence("bundle.json", trust=trust, anchor="anchor.txt")
    assert found.problems == []
    exported["consistency"] = []
    Path("bundle.json").write_text(json.dumps(exported))
    found = pipeline.verify_evidence("bundle.json", trust=trust, anchor="anchor.txt")
    assert any("export with --anchor" in problem for problem in found.problems)
    assert keep.is_dir()


def test_bundle_older_than_the_anchor_is_a_problem(desk: samples.Sample, keep: Path) -> None:
    Path("bundle.json").write_text(json.dumps(pipeline.export_evidence(desk.model)))
    pipeline.check(desk.model, anchor="anchor.txt")
    problems = pipeline.verify_evidence("bundle.json", anchor="anchor.txt").problems
    assert any("has 5 entries, the anchor saw 10" in problem for problem in problems)
    assert keep.is_dir()


@pytest.mark.usefixtures("keep")
def test_model_that_nothing_is_recorded_about_has_no_bundle(desk: samples.Sample) -> None:
    with pytest.raises(InputError, match="nothing is recorded"):
        pipeline.export_evidence(desk.data)
