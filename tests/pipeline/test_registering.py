"""The registry from end to end: intake, the way up, the way out, and what is refused."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import onnx
import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, UsageError, Verdict
from modelkeep.evidence import SigningKey
from modelkeep.registry import Stage, open_content

KEEP = Path(".modelkeep")


@pytest.fixture(autouse=True)
def _people(desk: samples.Sample) -> None:
    """Every test has a keep that lets two people approve."""
    pipeline.init_keep(desk.folder / KEEP, "dev").close()
    for name in ("bo", "cy"):
        key = SigningKey.generate()
        key.save(Path(f"{name}.pem"))
        Path(f"{name}.pub").write_text(key.public.pem)
        pipeline.add_trust(name, f"{name}.pub", ("approval",))


def up_to(stage: str) -> None:
    """Take the sample up, one stage after the other."""
    pipeline.check("model.onnx")
    pipeline.register("model.onnx", "credit")
    for after in ("candidate", "approved", "deployed"):
        if after == "approved":
            pipeline.approve_version("credit", reason="read", key="bo.pem")
            pipeline.approve_version("credit", reason="read", key="cy.pem")
        move = pipeline.move_version("credit", after, reason="next")
        assert move.refused == ""
        if after == stage:
            return


def test_model_goes_all_the_way_and_comes_out_as_it_went_in(desk: samples.Sample) -> None:
    up_to("deployed")
    (version,) = pipeline.list_registry()
    assert version.stage is Stage.DEPLOYED
    pipeline.fetch_version("credit:1", "out.onnx")
    assert Path("out.onnx").read_bytes() == desk.model.read_bytes()
    with pytest.raises(InputError, match="there already"):
        pipeline.fetch_version("credit", "out.onnx")


def test_directory_comes_out_as_it_went_in() -> None:
    folder = samples.directory_of(Path("model"), a__json=b"{}", b__json=b"[1]")
    pipeline.check(folder)
    pipeline.register(folder, "tree")
    pipeline.move_version("tree", "candidate", reason="checked")
    pipeline.fetch_version("tree", "out")
    assert {p.name: p.read_bytes() for p in Path("out").iterdir()} == {
        p.name: p.read_bytes() for p in folder.iterdir()
    }


def test_quarantine_has_no_way_to_a_load_but_a_passing_decision() -> None:
    pipeline.register("model.onnx", "credit")
    refused = pipeline.move_version("credit", "candidate", reason="looks fine")
    assert "scan-clean" in refused.refused
    assert refused.version.stage is Stage.QUARANTINE
    with pytest.raises(EvidenceError, match="not handed out"):
        pipeline.fetch_version("credit", "out.onnx")
    pipeline.check("model.onnx", action="store")
    with pytest.raises(EvidenceError, match="out-of-quarantine"):
        pipeline.fetch_version("credit", "out.onnx")
    report = pipeline.gate("model.onnx", action="load")
    assert report.verdict is Verdict.FAIL
    assert not Path("out.onnx").exists()
    assert pipeline.move_version("credit", "candidate", reason="checked").refused == ""
    assert pipeline.gate("model.onnx", action="load").verdict is Verdict.PASS


def test_revoked_version_passes_no_gate(desk: samples.Sample) -> None:
    up_to("deployed")
    pipeline.move_version("credit", "revoked", reason="backdoor")
    for action in ("train", "store", "deploy", "load", "serve"):
        report = pipeline.gate(desk.model, action=action)
        assert report.decision is not None
        assert [missing.id for missing in report.decision.missing] == ["not-revoked"]
    with pytest.raises(UsageError, match="no step"):
        pipeline.move_version("credit", "candidate", reason="sorry")


def test_foreign_model_is_compared_with_its_published_checksums_first(
    desk: samples.Sample,
) -> None:
    digest = hashlib.sha256(desk.model.read_bytes()).hexdigest()
    Path("SHA256SUMS").write_text(f"{digest}  model.onnx\n")
    Path("bad").mkdir()
    Path("bad/model.onnx").write_bytes(desk.model.read_bytes()[:-1] + b"x")
    with pytest.raises(EvidenceError, match=r"model\.onnx: changed since it was listed"):
        pipeline.register("bad/model.onnx", "foreign", checksums="SHA256SUMS")
    assert pipeline.list_registry() == []
    assert not open_content(KEEP).folder.exists()
    version = pipeline.register("model.onnx", "foreign", checksums="SHA256SUMS")
    assert version.stage is Stage.QUARANTINE


def test_model_whose_signature_is_broken_is_not_taken_in(desk: samples.Sample) -> None:
    pipeline.sign(desk.model)
    desk.model.write_bytes(desk.model.read_bytes() + b"x")
    with pytest.raises(EvidenceError, match="changed since it was signed"):
        pipeline.register(desk.model, "credit")


def test_object_changed_in_the_store_is_not_handed_out() -> None:
    up_to("candidate")
    (version,) = pipeline.list_registry()
    path = open_content(KEEP).path(version.files[0].digest.sha256)
    path.chmod(0o600)
    path.write_bytes(b"x" + path.read_bytes()[1:])
    with pytest.raises(EvidenceError, match="was changed in the content store"):
        pipeline.fetch_version("credit", "out.onnx")
    assert not Path("out.onnx").exists()
    assert not list(Path().glob(".out.onnx*"))


def test_broken_glass_is_in_force_and_recorded() -> None:
    pipeline.check("model.onnx")
    pipeline.register("model.onnx", "credit")
    with pytest.raises(UsageError, match="7 days"):
        pipeline.break_glass("credit", "deployed", why="fire", until="2099-01-01T00:00:00Z")
    with pytest.raises(UsageError, match="unknown stage"):
        pipeline.move_version("credit", "heaven", reason="why not")
    until = samples.soon()
    version = pipeline.break_glass("credit", "deployed", why="fire", until=until)
    assert (version.stage, version.earned) == (Stage.DEPLOYED, Stage.QUARANTINE)
    assert pipeline.gate("model.onnx", action="load").verdict is Verdict.PASS
    shown, _ = pipeline.show_version("credit")
    assert shown.glass is not None
    assert (shown.glass.who, shown.glass.why) == ("keep", "fire")


def test_process_that_dies_between_decision_and_step_approves_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pipeline.check("model.onnx")
    pipeline.register("model.onnx", "credit")
    with monkeypatch.context() as patch:
        patch.setattr("modelkeep.pipeline.registering.enter", _die)
        with pytest.raises(OSError, match="power"):
            pipeline.move_version("credit", "candidate", reason="checked")
    assert pipeline.list_registry()[0].stage is Stage.QUARANTINE
    assert pipeline.move_version("credit", "candidate", reason="again").refused == ""


def _die(*_: object, **__: object) -> None:
    raise OSError("power")


CONDITION = """
@id("not-superseded")
@says("a newer version took its place")
@mend("use the version that is deployed: modelkeep registry list")
permit (
  principal,
  action in [Action::"deploy", Action::"load", Action::"serve"],
  resource
)
when { if context has superseded then !context.superseded else true };
"""


def test_policy_that_asks_for_it_denies_what_was_superseded() -> None:
    policy = KEEP / "policies" / "dev.cedar"
    plain = policy.read_text()
    up_to("deployed")
    shutil.copy("model.onnx", "old.onnx")
    newer = onnx.load("model.onnx")
    newer.doc_string = "retrained"
    onnx.save(newer, "model.onnx")
    up_to("approved")
    policy.write_text(plain + CONDITION)
    assert pipeline.gate("old.onnx", action="load").verdict is Verdict.PASS
    assert pipeline.move_version("credit:2", "deployed", reason="next").refused == ""
    report = pipeline.gate("old.onnx", action="load")
    assert report.decision is not None
    assert [missing.id for missing in report.decision.missing] == ["not-superseded"]
    assert pipeline.gate("model.onnx", action="load").verdict is Verdict.PASS
    policy.write_text(plain)  # nobody asks
    assert pipeline.gate("old.onnx", action="load").verdict is Verdict.PASS
    policy.write_text(plain + CONDITION)
    pipeline.move_version("credit:2", "approved", reason="rolled back")
    assert pipeline.gate("old.onnx", action="load").verdict is Verdict.PASS
