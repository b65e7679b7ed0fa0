"""``modelkeep lineage``: from a serving digest to the data and its seal, as text and drawn."""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ET

import pytest

import check_samples as samples
from check_samples import said
from modelkeep import pipeline


@pytest.fixture
def trained(desk: samples.Sample) -> dict[str, str]:
    """A sealed data set, a model trained from it, and what the log calls both."""
    pipeline.seal_data(desk.data)
    copy = "import shutil; shutil.copy('model.onnx', 'trained.onnx')"
    got = said(
        *("record", "train", "--data", desk.data.name, "--output", "trained.onnx"),
        *("--", sys.executable, "-c", copy),
    )
    assert got.code == 0, got.err
    lines = pipeline.list_evidence()
    return {line.predicate: line.subject for line in lines} | {
        "statement": next(line.statement_id for line in lines if line.predicate == "seal")
    }


def test_serving_digest_leads_to_the_data_and_its_seal(trained: dict[str, str]) -> None:
    serving = trained["training"]
    got = said("lineage", serving[:16])
    assert got.code == 0, got.err
    seal = f"dataset train.npz sha256:{trained['seal']} sealed by {trained['statement'][:12]}"
    assert seal in got.out
    found = json.loads(said("lineage", serving, "--format", "json").out)
    assert found["nodes"][trained["seal"]]["seals"] == [trained["statement"]]
    drawn = said("lineage", serving, "--format", "svg").out
    assert ET.fromstring(drawn).tag.endswith("svg")
    assert trained["seal"] in drawn
    assert trained["statement"] in drawn


def test_data_leads_down_to_what_came_of_it(trained: dict[str, str]) -> None:
    drawn = said("lineage", trained["seal"], "--down", "--format", "svg").out
    assert "Offspring of train.npz" in drawn
    assert trained["training"] in drawn


def test_unknown_subject_is_refused(trained: dict[str, str]) -> None:
    assert trained
    got = said("lineage", "0" * 64, "--format", "svg")
    assert got.code == 2
    assert got.out == ""
    assert "error: " in got.err
    assert said("lineage", "model.onnx", "--format", "png").code == 64
