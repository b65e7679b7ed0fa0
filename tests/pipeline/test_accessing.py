"""Access at work: what nobody was granted is refused, and the log tells what was asked."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, UsageError
from modelkeep.evidence import SigningKey, by_key, open_keep, parse_envelope, parse_statement
from modelkeep.pipeline.accessing import AccessRefusedError
from modelkeep.pipeline.workspace import user_name

ME = user_name()
WHY = {"reason": "test"}


def uses() -> list[dict[str, object]]:
    with open_keep(Path(".modelkeep")) as keep:
        found = keep.store.entries_of(by_key("access-use").uri)
        return [parse_statement(parse_envelope(e.body).payload).predicate for e in found]


def member(name: str, *predicates: str) -> Path:
    path = Path(f"{name}.pem")
    key = SigningKey.generate("p256")
    key.save(path)
    public = path.with_suffix(".pub")
    public.write_text(key.public.pem)
    pipeline.add_trust(name, public, predicates)
    return path


@pytest.fixture
def registered(desk: samples.Sample) -> samples.Sample:
    """A sound, scanned and signed model that ada registered."""
    pipeline.scan(desk.model)
    pipeline.sign(desk.model)
    pipeline.check(desk.model)
    key = member("ada", "stage", "approval")
    pipeline.register(desk.model, "credit", key=key)
    return desk


@pytest.mark.usefixtures("registered")
def test_keep_of_one_is_used_without_grants_and_nothing_is_asked() -> None:
    assert pipeline.move_version("credit", "candidate", **WHY).refused == ""
    pipeline.fetch_version("credit", "copy.onnx")
    assert uses() == []


def test_first_grant_ends_that_and_each_answer_is_written_down(
    registered: samples.Sample,
) -> None:
    pipeline.give_role("ada", "scientist", **WHY)
    with pytest.raises(AccessRefusedError, match=f"{ME} may not promote"):
        pipeline.move_version("credit", "candidate", **WHY)
    with pytest.raises(AccessRefusedError, match="read_weights"):
        pipeline.fetch_version("credit", "copy.onnx")
    with pytest.raises(EvidenceError, match="read_weights"), pipeline.admit(registered.model):
        pass
    assert not Path("copy.onnx").exists()
    pipeline.give_role(ME, "operator", **WHY)
    assert pipeline.move_version("credit", "candidate", **WHY).refused == ""
    asked = [(u["principal"], u["action"], u["allowed"]) for u in uses()]
    assert asked == [
        (ME, "promote", False),
        (ME, "read_weights", False),
        (ME, "read_weights", False),
        (ME, "promote", True),
    ]


@pytest.mark.usefixtures("registered")
def test_key_of_ones_own_is_who_acts() -> None:
    reviewer = member("bo", "approval")
    pipeline.give_role(ME, "operator", **WHY)
    pipeline.give_role("bo", "reviewer", **WHY)
    pipeline.move_version("credit", "candidate", **WHY)
    with pytest.raises(AccessRefusedError, match="may not approve"):
        pipeline.approve_version("credit", **WHY)
    assert pipeline.approve_version("credit", key=reviewer, **WHY).approvals == ("bo",)
    stranger = Path("stranger.pem")
    SigningKey.generate("p256").save(stranger)
    with pytest.raises(UsageError, match="nobody's here"):
        pipeline.approve_version("credit", key=stranger, **WHY)


@pytest.mark.usefixtures("registered")
def test_weights_of_a_candidate_are_its_owners() -> None:
    pipeline.give_role(ME, "operator", **WHY)
    pipeline.give_role(ME, "scientist", **WHY)
    pipeline.move_version("credit", "candidate", **WHY)
    with pytest.raises(AccessRefusedError, match="a model of ada"):
        pipeline.fetch_version("credit", "copy.onnx")
    pipeline.give_role(ME, "owner", on="credit", **WHY)
    pipeline.fetch_version("credit", "copy.onnx")
    assert uses()[-1]["grants"] == ["scientist-reads-own-weights"]


def test_data_is_sealed_by_its_owner_only(desk: samples.Sample) -> None:
    pipeline.init_keep(Path(".modelkeep"), "dev").close()
    pipeline.give_role("ada", "scientist", **WHY)
    with pytest.raises(AccessRefusedError, match="may not sign"):
        pipeline.seal_data(desk.data)
    pipeline.give_role(ME, "scientist", **WHY)
    pipeline.seal_data(desk.data)
    request, answer, _ = pipeline.explain_access(ME, "read_data", str(desk.data))
    assert (request.resource.owner, answer.allowed) == (ME, True)
    _, other, why = pipeline.explain_access("ada", "read_data", str(desk.data))
    assert (other.allowed, "no grant covers scientist" in why) == (False, True)


def test_what_a_data_set_gives_away_is_settled_by_its_owner(desk: samples.Sample) -> None:
    pipeline.init_keep(Path(".modelkeep"), "dev").close()
    pipeline.give_role("ada", "scientist", **WHY)
    agreed = {"epsilon": 3.0, "delta": 1e-5, "reason": "agreed"}
    release = {"epsilon": 1.0, "delta": 0.0, "purpose": "table"}
    for refused, action in (
        (lambda: pipeline.set_privacy_budget(desk.data, **agreed), "sign"),  # type: ignore[arg-type]
        (lambda: pipeline.charge_release(desk.data, **release), "read_data"),  # type: ignore[arg-type]
    ):
        with pytest.raises(AccessRefusedError, match=f"{ME} may not {action}"):
            refused()
    pipeline.give_role(ME, "scientist", **WHY)
    pipeline.set_privacy_budget(desk.data, **agreed)  # type: ignore[arg-type]
    pipeline.charge_release(desk.data, **release)  # type: ignore[arg-type]
    ledger = pipeline.show_privacy_ledger(desk.data)
    assert (ledger.budget, len(ledger.charges)) == ((3.0, 1e-5), 1)
    asked = [(u["action"], u["allowed"]) for u in uses()]
    spending = ["sign", "read_data"]
    assert asked == [
        *((action, False) for action in spending),
        *((action, True) for action in (*spending, "read_metadata")),
    ]


@pytest.mark.usefixtures("registered")
def test_evidence_is_exported_by_an_auditor(desk: samples.Sample) -> None:
    pipeline.give_role(ME, "operator", **WHY)
    with pytest.raises(AccessRefusedError, match="may not export"):
        pipeline.export_evidence(desk.model)
    pipeline.give_role(ME, "auditor", **WHY)
    assert pipeline.export_evidence(desk.model)["format"] == "urn:modelkeep:bundle:1"


def test_environment_does_not_say_who_somebody_is(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "ada")
    assert user_name() == ME


@pytest.mark.usefixtures("registered")
def test_review_names_what_the_log_did_not_need_and_nothing_breaks() -> None:
    pipeline.give_role(ME, "operator", **WHY)
    pipeline.give_role(ME, "auditor", **WHY)
    pipeline.give_role("bo", "reviewer", **WHY)
    pipeline.move_version("credit", "candidate", **WHY)
    found, idle = pipeline.review_access()
    assert [name for name, count in found.used.items() if count] == ["operator-promotes"]
    assert "operator-promotes" not in found.unused
    assert found.broken == ()
    assert sorted(idle) == sorted([f"{ME} auditor", "bo reviewer"])


@pytest.mark.usefixtures("registered")
def test_command_explains_and_reviews() -> None:
    got = samples.said("access", "grant", "ada", "scientist", "--reason", "trains it")
    assert (got.code, "ada is scientist" in got.out) == (0, True)
    got = samples.said("access", "explain", "ada", "export", "credit")
    assert (got.code, got.out.startswith("denied: no grant covers scientist")) == (1, True)
    got = samples.said("access", "explain", "ada", "modify", "credit")
    assert (got.code, "scientist-modifies-own" in got.out) == (0, True)
    assert "auditor-exports UNUSED" in samples.said("access", "review").out
    assert f"{ME} administrator" in samples.said("access", "list").out
    got = samples.said("access", "revoke", "ada", "scientist", "--reason", "left")
    assert got.code == 0
    assert "ada" not in samples.said("access", "list").out
