"""A model's standing follows the keep: what ends there ends here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from gateway_samples import Cleared
from modelkeep import pipeline
from modelkeep.core import Digest, EvidenceError, Subject
from modelkeep.evidence import parse_timestamp
from modelkeep.gateway import standing
from modelkeep.gateway.standing import Standings
from modelkeep.pipeline import Workspace
from modelkeep.sources import digest_artifact, open_artifact


@dataclass
class Watched:
    """Standings of one model over its open keep."""

    workspace: Workspace
    standings: Standings
    keep: str

    def look(self) -> standing.Standing:
        self.standings.look()
        return self.standings.of("m")

    def at(self, moment: dt.datetime) -> standing.Standing:
        self.workspace.keep.clock = lambda: moment
        return self.look()


@pytest.fixture
def watched(cleared: Cleared) -> Iterator[Watched]:
    artifact = open_artifact(str(cleared.model))
    subject = Subject("model", artifact.name, digest_artifact(artifact).digest)
    with pipeline.open_workspace({"keep": str(cleared.keep)}) as workspace:
        yield Watched(workspace, Standings(workspace, {"m": subject}), str(cleared.keep))


def test_nothing_is_live_before_the_gate_was_asked(watched: Watched) -> None:
    before = watched.standings.of("m")
    assert (before.live, before.why) == (False, "the gate was not asked yet")
    assert not watched.standings.of("other").live
    after = watched.look()
    assert after.live, after.why
    assert watched.workspace.keep.store.entry(after.decision).subject


def test_a_decision_is_recorded_once_however_often_one_looks(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "_AGAIN", 0.0)  # the gate is asked at every look
    first = watched.look()
    size = watched.workspace.keep.store.size()
    assert {watched.look().decision for _ in range(5)} == {first.decision}
    assert watched.workspace.keep.store.size() == size


def test_changes_are_told_once(watched: Watched) -> None:
    assert [name for name, _ in watched.standings.look()] == ["m"]
    assert watched.standings.look() == []
    watched.standings.hold("m", "reported", held=True)
    ((name, now),) = watched.standings.look()
    assert (name, now.live, now.why) == ("m", False, "the model is held by an operator")
    watched.standings.hold("m", "looked at", held=False)
    assert watched.look().live


def test_expired_evidence_stops_the_model_and_ageing_is_told_before(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "_AGAIN", 0.0)
    live = watched.look()
    assert not live.ageing
    end = parse_timestamp(live.expires)
    begun = watched.workspace.keep.clock()
    late = watched.at(begun + 0.85 * (end - begun))
    assert late.live
    assert late.ageing
    assert watched.at(end - dt.timedelta(seconds=1)).live
    over = watched.at(end)
    assert not over.live
    assert over.why


def test_lease_that_nobody_renews_ends(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watched.look().live
    now = standing.time.monotonic()
    monkeypatch.setattr(standing.time, "monotonic", lambda: now + standing.LEASE + 1.0)
    after = watched.standings.of("m")
    assert (after.live, after.why) == (False, "the keep does not answer")


def test_trust_map_that_cannot_be_read_names_its_place(watched: Watched) -> None:
    (watched.workspace.keep.root / "trust.json").unlink()
    with pytest.raises(EvidenceError, match=r"trust\.json: No such file"):
        watched.standings.look()


def test_withdrawn_signer_ends_what_it_signed(watched: Watched) -> None:
    assert watched.look().live
    pipeline.remove_trust("keep", keep=watched.keep)
    assert not watched.look().live


def test_registry_quarantine_stops_a_model_and_letting_go_of_a_hold_does_not_lift_it(
    watched: Watched, cleared: Cleared
) -> None:
    assert watched.look().live
    pipeline.register(cleared.model, "fraud", keep=watched.keep)
    assert watched.look().why == "the model is in quarantine"
    watched.standings.hold("m", "x", held=True)
    watched.standings.hold("m", "x", held=False)
    assert watched.look().why == "the model is in quarantine"


def test_another_model_in_the_same_keep_is_not_touched(watched: Watched) -> None:
    assert watched.look().live
    other = Subject("model", "other", Digest("0" * 64, ""))
    watched.standings.subjects["other"] = other
    assert not dict(watched.standings.look())["other"].live
    watched.standings.hold("other", "x", held=True)
    assert watched.look().live
