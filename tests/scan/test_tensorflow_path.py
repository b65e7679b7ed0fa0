"""TFG002: files that a graph opens by a name of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_samples import PLAIN_GRAPH, asset, const, graph_def, op, saved_model
from modelkeep.core import Severity, Verdict
from modelkeep.formats.tensorflow_policy import is_outside
from modelkeep.scan.tensorflow_path import DETECTOR
from samples import found_by, scan_bytes

OUTSIDE = (
    *("/etc/passwd", "../x", "a/../../x", "..", "~/.ssh/id_rsa", "C:\\x", "c:/x", "\\\\h\\x"),
    *("gs://b/x", "http://h/x", "file:///x", "S3://b", "a\\..\\x", "x/.."),
)
INSIDE = (
    "",
    "model",
    "vocab.txt",
    "sub/x",
    "./x",
    "_temp_1/part",
    "a..b",
    "?/x",
    "ram://x",
    "/",
)


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_constant_that_leads_outside_is_high(tmp_path: Path, name: str) -> None:
    data = saved_model(graph_def(const("c", name), op("RestoreV2", "c", "n", "s")))
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.HIGH
    assert finding.evidence["name"] == name
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("name", INSIDE)
def test_a_constant_inside_is_left_alone(name: str) -> None:
    assert not is_outside(name)
    data = saved_model(graph_def(const("c", name), op("RestoreV2", "c", "n", "s")))
    assert found_by(DETECTOR, data) == []


@pytest.mark.parametrize(
    "node",
    [
        op("SaveV2", "c"),
        op("Restore", "c"),
        op("TextLineDataset", "c"),
        op("TFRecordDatasetV2", "c"),
        op("InitializeTableFromTextFileV2", "t", "c"),
        op("CacheDatasetV2", "d", "c"),
        op("MergeV2Checkpoints", "x", "c"),
        op("CreateSummaryFileWriter", "w", "c"),
        op("QueueEnqueueManyV2", "q", "c"),
    ],
)
def test_every_input_that_is_a_file_counts(node: bytes) -> None:
    assert len(found_by(DETECTOR, graph_def(const("c", "/x"), node))) == 1


def test_files_of_a_data_set_count_where_something_reads_them() -> None:
    names, files = const("c", "gs://bucket/a"), op("TensorSliceDataset", "c")
    assert found_by(DETECTOR, graph_def(names, files)) == []
    assert len(found_by(DETECTOR, graph_def(names, files, op("TFRecordDataset", "f")))) == 1


def test_a_name_that_is_put_together_is_judged_whole() -> None:
    nodes = [const("a", "/etc"), const("b", "/passwd"), op("StringJoin", "a", "b", node="j")]
    (finding,) = found_by(DETECTOR, graph_def(*nodes, op("TextLineDataset", "j")))
    assert finding.evidence["name"] == "/etc/passwd"
    # What the loader gives comes first: the rest is a place below it.
    nodes = [
        op("Placeholder", node="p"),
        const("b", "/part"),
        op("StringJoin", "p", "b", node="j"),
    ]
    assert found_by(DETECTOR, graph_def(*nodes, op("SaveV2", "j"))) == []


def test_names_of_tensors_are_no_files() -> None:
    nodes = [const("c", "model"), const("n", "/dense/kernel"), op("SaveV2", "c", "n", "n")]
    assert found_by(DETECTOR, graph_def(*nodes)) == []


@pytest.mark.parametrize("name", ["../../.bashrc", "/etc/cron.d/x"])
def test_an_asset_outside_is_high(name: str) -> None:
    (finding,) = found_by(DETECTOR, saved_model(PLAIN_GRAPH, asset(name)))
    assert finding.evidence == {"what": "an asset", "name": name}


def test_the_path_an_asset_had_when_it_was_saved_is_no_finding() -> None:
    nodes = const("asset", "/home/me/v.txt"), op("InitializeTableFromTextFileV2", "t", "asset")
    assert found_by(DETECTOR, saved_model(graph_def(*nodes), asset("v.txt"))) == []
