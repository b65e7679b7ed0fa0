"""The database is edited by hand at the entries of a version: the gate denies and names it."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from evidence_samples import tamper
from modelkeep import pipeline
from modelkeep.core import EvidenceError
from modelkeep.evidence import SigningKey, by_key, make_statement, seal
from modelkeep.pipeline.workspace import open_workspace
from modelkeep.registry import Stage, facts_of

KEEP = Path(".modelkeep")
STAGE, APPROVAL = by_key("stage").uri, by_key("approval").uri
ROW = "(SELECT max(seq) FROM entry WHERE predicate_type = ?)"
EDITS = {
    "stage changed": (f"UPDATE entry SET body = body || ' ' WHERE seq = {ROW}", (STAGE,)),
    "approval changed": (f"UPDATE entry SET body = body || ' ' WHERE seq = {ROW}", (APPROVAL,)),
    "stage renamed": (f"UPDATE entry SET predicate_type = '' WHERE seq = {ROW}", (STAGE,)),
    "stage deleted": (f"DELETE FROM entry WHERE seq = {ROW}", (STAGE,)),
    "approval deleted": (f"DELETE FROM entry WHERE seq = {ROW}", (APPROVAL,)),
    "approval over stage": (
        f"UPDATE entry SET body = (SELECT body FROM entry WHERE seq = {ROW}) WHERE seq = {ROW}",
        (APPROVAL, STAGE),
    ),
    "leaf changed": (
        "UPDATE node SET hash = zeroblob(32) WHERE level = 0 AND position = 0", ()
    ),
}  # fmt: skip


@pytest.fixture
def _candidate(desk: samples.Sample) -> None:
    """A candidate that one person approved."""
    pipeline.init_keep(desk.folder / KEEP, "dev").close()
    key = SigningKey.generate()
    key.save(Path("bo.pem"))
    Path("bo.pub").write_text(key.public.pem)
    pipeline.add_trust("bo", "bo.pub", ("approval",))
    pipeline.check(desk.model)
    pipeline.register(desk.model, "credit")
    pipeline.move_version("credit", "candidate", reason="checked")
    pipeline.approve_version("credit", reason="read", key="bo.pem")


def gate(desk: samples.Sample) -> tuple[bool, str]:
    """Whether the model may be stored, and what is broken."""
    with open_workspace({}) as workspace:
        subject = pipeline.examine(desk.model, (), pipeline.Listener()).subject
        broken = workspace.facts(subject).broken
        return workspace.decide("store", subject)[0].allowed, "; ".join(broken)


@pytest.mark.usefixtures("_candidate")
def test_every_edit_of_a_registry_entry_denies_and_is_named(desk: samples.Sample) -> None:
    assert gate(desk) == (True, "")
    database = KEEP / "evidence.db"
    good = database.read_bytes()
    for name, edit in EDITS.items():
        tamper(KEEP, edit)
        allowed, broken = gate(desk)
        assert not allowed, name
        assert any(word in broken for word in ("was changed", "were removed", "earned")), name
        with pytest.raises(EvidenceError, match="evidence-intact"), pipeline.admit(desk.model):
            pass
        assert pipeline.verify_evidence().problems, name
        for path in KEEP.glob("evidence.db*"):
            path.unlink()
        database.write_bytes(good)
    assert gate(desk) == (True, "")


@pytest.mark.usefixtures("_candidate")
def test_stage_put_in_by_hand_earns_nothing(desk: samples.Sample) -> None:
    """Signed by the keep's own key even: two approvals are missing, so it is no step."""
    with open_workspace({}) as workspace:
        keep = workspace.keep
        subject = pipeline.examine(desk.model, (), pipeline.Listener()).subject
        fields = {
            "facts": facts_of(Stage.RETIRED) | {"stage_retired": False},
            "name": "credit",
            "before": "candidate",
            "after": "approved",
            "reason": "forged",
            "rests_on": [],
        }
        made = make_statement("stage", (subject,), fields, clock=keep.clock)
        keep.file([seal(made.to_bytes(), keep.key)])
    (version,) = pipeline.list_registry()
    assert version.stage is Stage.CANDIDATE
    assert any("1 of 2 approvals" in problem for problem in version.problems)
