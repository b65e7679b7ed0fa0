"""The clock jumps: evidence that expired stays expired, and what was found stays found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError
from modelkeep.evidence import make_statement, utc_now
from modelkeep.pipeline.workspace import Workspace, open_workspace

DAY = dt.timedelta(days=1)


@pytest.fixture
def workspace(desk: samples.Sample) -> Iterator[Workspace]:
    pipeline.sign(desk.model)
    pipeline.check(desk.model)
    with open_workspace({}) as opened:
        yield opened


def asked(workspace: Workspace, desk: samples.Sample, shift: dt.timedelta) -> bool:
    """Whether the gate lets the model be stored, with the clock set wrong."""
    workspace.keep.clock = lambda: utc_now() + shift
    report_subject = pipeline.examine(desk.model, (), pipeline.Listener()).subject
    return workspace.decide("store", report_subject)[0].allowed


def test_forward_expires_and_back_again_is_refused(
    workspace: Workspace, desk: samples.Sample
) -> None:
    assert asked(workspace, desk, dt.timedelta())
    assert not asked(workspace, desk, 40 * DAY)  # expired; the denial is an entry of then
    assert not asked(workspace, desk, dt.timedelta())  # behind that entry: fails closed
    facts = workspace.facts(pipeline.examine(desk.model, (), pipeline.Listener()).subject)
    assert any("the log's newest entry is of" in reason for reason in facts.broken)


def test_back_does_not_hide_what_was_found_since(
    workspace: Workspace, desk: samples.Sample
) -> None:
    subject = pipeline.examine(desk.model, (), pipeline.Listener()).subject
    workspace.keep.clock = lambda: utc_now() + DAY
    zero = {"scan_inconclusive": 0, "scan_unread": 0, "scan_high": 0}
    fields = {"facts": {"scan_critical": 1, **zero}, "tool": "x", "rules": [], "files": []}
    found = make_statement("scan", (subject,), fields, clock=workspace.keep.clock)
    workspace.keep.record([found])
    for shift in (DAY / 2, dt.timedelta(), DAY, 2 * DAY):
        assert not asked(workspace, desk, shift)


def test_load_is_refused_while_the_clock_is_behind(
    workspace: Workspace, desk: samples.Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pipeline.admit(desk.model):
        pass
    assert workspace.keep.store.size()
    monkeypatch.setattr(
        "modelkeep.evidence.keep.Keep.clock_problem", lambda _: "the clock says nonsense"
    )
    with pytest.raises(EvidenceError, match="evidence-intact"), pipeline.admit(desk.model):
        pass
    assert Path(desk.model).exists()
