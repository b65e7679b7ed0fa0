"""Access at work: what nobody was granted is refused, and the log tells what was asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.evidence import SigningKey, by_key, open_keep, parse_envelope, parse_statement
from modelkeep.pipeline.accessing import AccessRefusedError
from modelkeep.pipeline.workspace import user_name
from modelkeep.policy.access import packaged_access
from modelkeep.trust import Identity

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
def test_keep_of_one_is_used_without_grants_and_retrievals_are_written_down() -> None:
    assert pipeline.move_version("credit", "candidate", **WHY).refused == ""
    pipeline.fetch_version("credit", "copy.onnx")
    asked = [(u["principal"], u["action"], u["allowed"], u["grants"]) for u in uses()]
    assert asked == [(ME, "read_weights", True, [])]


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


def test_what_a_data_set_gives_away_is_charged_by_who_may_read_it(
    desk: samples.Sample,
) -> None:
    pipeline.init_keep(Path(".modelkeep"), "dev").close()
    pipeline.give_role("ada", "scientist", **WHY)  # whoever gives the first is administrator
    pipeline.set_privacy_budget(desk.data, epsilon=3.0, delta=1e-5, **WHY)
    with pytest.raises(AccessRefusedError, match=f"{ME} may not read_data"):
        pipeline.charge_release(desk.data, epsilon=1.0, delta=0.0, purpose="table")
    assert pipeline.show_privacy_ledger(desk.data).charges == ()
    asked = [(u["action"], u["allowed"]) for u in uses()]
    assert asked == [("administer", True), ("read_data", False), ("read_metadata", True)]


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


# Every command that hands out weights or data, with what it asks and who may.

CHECKPOINT = "checkpoint.pt"


COMMANDS: dict[str, tuple[str, Callable[[samples.Sample], object]]] = {
    "encrypt": ("read_weights", lambda desk: pipeline.encrypt_model(desk.model, "target")),
    "decrypt": ("read_weights", lambda _: pipeline.decrypt_model("model.enc", "target")),
    "decrypt directory": ("read_weights", lambda _: pipeline.decrypt_model("set", "target")),
    "rewrap": (
        "read_weights",
        lambda _: pipeline.rewrap_model("model.enc", "target", to=["other.pub"]),
    ),
    "rewrap data": (
        "read_data",
        lambda _: pipeline.rewrap_model("data.enc", "target", to=["other.pub"]),
    ),
    "convert": ("read_weights", lambda _: pipeline.convert(CHECKPOINT, "target.safetensors")),
    "sign": ("sign", lambda desk: pipeline.sign(desk.model)),
    "data verify": ("read_data", lambda desk: pipeline.verify_data(desk.data)),
    "data encrypt": ("read_data", lambda desk: pipeline.encrypt_data(desk.data, "target")),
    "data open": ("read_data", lambda _: pipeline.open_data("data.enc", "target")),
    "data schema": ("read_data", lambda desk: pipeline.draft_schema(desk.data)),
    "data profile": ("read_data", lambda desk: pipeline.profile_data(desk.data)),
    "data check": (
        "read_data",
        lambda desk: pipeline.check_data(desk.data, reference="profile.json"),
    ),
    "data pii": ("read_data", lambda desk: pipeline.find_personal_data(desk.data)),
    "data leaks": ("read_data", lambda desk: pipeline.find_leaks(desk.data, desk.test)),
    "data trace": ("read_data", lambda desk: pipeline.trace_row(desk.data, 0)),
    "data clean": ("read_data", lambda desk: pipeline.find_poison(desk.data)),
    "data fit-scaling": ("read_data", lambda desk: pipeline.fit_scaling(desk.data, "target")),
    "data provenance": ("read_metadata", lambda desk: pipeline.trace_provenance(desk.data)),
    "export": ("export", lambda desk: pipeline.export_evidence(desk.model)),
    "load": ("read_weights", lambda desk: pipeline.load(desk.model)),
}


@pytest.fixture
def closed(desk: samples.Sample) -> samples.Sample:
    """A keep with everything that the commands need, all of it the creator's."""
    import torch  # noqa: PLC0415

    torch.save({"w": torch.zeros(2)}, CHECKPOINT)
    pipeline.sign(desk.model)
    pipeline.scan(desk.model)
    pipeline.check(desk.model)
    pipeline.encrypt_model(desk.model, "model.enc")
    pipeline.encrypt_model(samples.directory_of(Path("many"), a__bin=b"a", b__bin=b"b"), "set")
    pipeline.seal_data(desk.data)
    pipeline.encrypt_data(desk.data, "data.enc")
    Path("profile.json").write_bytes(msgspec.json.encode(pipeline.profile_data(desk.data)))
    Path("other.pub").write_text(Identity.generate().recipient.pem)
    return desk


@pytest.mark.parametrize("command", COMMANDS)
def test_who_holds_no_role_for_it_gets_nothing_and_the_log_says_so(
    closed: samples.Sample, command: str
) -> None:
    action, call = COMMANDS[command]
    pipeline.give_role("bo", "scientist", **WHY)
    without_metadata(action)
    with pytest.raises(EvidenceError, match="may not"):
        call(closed)
    assert (uses()[-1]["principal"], uses()[-1]["allowed"]) == (ME, False)
    assert uses()[-1]["action"] == action
    assert not Path("target").exists()
    assert not Path("target.safetensors").exists()


def without_metadata(action: str) -> None:
    """Metadata is for everybody with a role: take that grant out of the keep's own file."""
    if action == "read_metadata":
        text = packaged_access().replace('"auditor", "administrator"', '"auditor"')
        Path(".modelkeep/policies/access.cedar").write_text(text)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("data clean", "load")])
def test_who_holds_the_role_gets_it_and_the_log_says_so(
    closed: samples.Sample, command: str
) -> None:
    action, call = COMMANDS[command]
    pipeline.give_role(ME, "scientist", **WHY)
    pipeline.give_role(ME, "auditor", **WHY)
    for place in (closed.data, closed.test):
        pipeline.give_role(ME, "owner", on=str(place), **WHY)
    call(closed)
    said = [(u["action"], u["allowed"]) for u in uses()]
    assert said[-1] == (action, True)
    assert uses()[-1]["principal"] == ME
    assert uses()[-1]["grants"]


def test_data_that_a_check_reads_is_asked_about(desk: samples.Sample) -> None:
    pipeline.init_keep(Path(".modelkeep"), "dev").close()
    pipeline.give_role(ME, "administrator", **WHY)
    with pytest.raises(AccessRefusedError, match=r"may not query model\.onnx"):
        pipeline.check(desk.model, **desk.rows)
    pipeline.give_role(ME, "scientist", **WHY)
    pipeline.give_role("bo", "owner", on=str(desk.test), **WHY)
    with pytest.raises(AccessRefusedError, match=r"may not read_data test\.npz: no grant"):
        pipeline.check(desk.model, **desk.rows)
    assert [(u["action"], u["allowed"]) for u in uses()[-3:]] == [
        ("query", True), ("read_data", True), ("read_data", False),
    ]  # fmt: skip


def test_file_outside_of_any_keep_is_nobodys_business_and_a_named_keep_must_be_there(
    desk: samples.Sample,
) -> None:
    assert pipeline.profile_data(desk.data).columns
    assert not Path(".modelkeep").exists()
    with pytest.raises(InputError, match="no keep here") as caught:
        pipeline.profile_data(desk.data, keep="nowhere")
    assert caught.value.hint == "Run `modelkeep init`."
