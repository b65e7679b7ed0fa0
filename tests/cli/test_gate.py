"""``modelkeep gate``."""

from __future__ import annotations

import json

import pytest

import check_samples as samples
from check_samples import said
from modelkeep.policy import ACTIONS


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a keep in a folder of its own."""
    said("--keep", desk.folder / ".modelkeep", "init")


def test_denied_without_evidence_allowed_after_a_check() -> None:
    got = said("gate", "model.onnx", "--action", "deploy")
    assert got.code == 1
    assert "- scan-clean: " in got.out
    assert "not proved: scan_critical, scan_high" in got.words
    assert said("check", "model.onnx").code == 0
    assert said("gate", "model.onnx", "--action", "deploy").code == 0


@pytest.mark.parametrize("action", ACTIONS)
def test_every_action_is_asked_for_by_name(action: str) -> None:
    said("check", "model.onnx")
    report = json.loads(said("gate", "model.onnx", "--action", action, "--format", "json").out)
    assert report["decision"]["action"] == action
    assert report["decision"]["allowed"] is True


def test_another_byte_is_another_model(desk: samples.Sample) -> None:
    said("check", desk.model)
    samples.flip(desk.model)
    assert said("gate", desk.model, "--action", "load").code == 1


def test_report_profile_is_0_where_it_may_be_asked_and_64_where_not() -> None:
    assert said("gate", "model.onnx", "--action", "deploy", "--profile", "report").code == 0
    got = said("gate", "model.onnx", "--action", "serve", "--profile", "report")
    assert (got.code, got.out) == (64, "")
