"""TFG001: operators that reach outside the graph."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_samples import (
    PLAIN_GRAPH,
    attribute,
    const,
    custom,
    flexbuffer,
    function,
    graph_def,
    meta_graph,
    op,
    saved_model,
    tflite,
)
from modelkeep.core import Severity, Verdict
from modelkeep.scan.tensorflow_operator import DETECTOR
from samples import block, found_by, scan_bytes, zip_of

EVIL = op("WriteFile", "c", "x")
PLACES = {
    "graph": graph_def(EVIL),
    "function": graph_def(op("Relu"), functions=[function("f", op("Relu"), EVIL)]),
    "meta graph": meta_graph(graph_def(EVIL)),
    "saved model": saved_model(graph_def(EVIL)),
    "second meta graph": saved_model(PLAIN_GRAPH) + block(2, meta_graph(graph_def(EVIL))),
    "function of a saved model": saved_model(graph_def(functions=[function("f", EVIL)])),
    "graph inside a constant": saved_model(graph_def(const("c", graph_def(EVIL)))),
    "archive": zip_of({"saved_model.pb": saved_model(graph_def(EVIL))}),
    "delegated by TFLite": tflite({0: ("I", 0)}, codes=[custom("FlexWriteFile")]),
    "delegated under another name": tflite(
        {0: ("I", 0), 5: flexbuffer(b"Relu", EVIL)}, codes=[custom("FlexRelu")]
    ),
    "graph that is cut short": graph_def(EVIL, op("Relu"))[:-9],
}


@pytest.mark.parametrize("place", PLACES)
def test_it_is_found_in(tmp_path: Path, place: str) -> None:
    (finding,) = found_by(DETECTOR, PLACES[place])
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence["operator"] == "WriteFile"
    assert scan_bytes(tmp_path, PLACES[place]).verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("operator", "severity"),
    [
        *((name, Severity.CRITICAL) for name in ("PyFunc", "PyFuncStateless", "EagerPyFunc")),
        *((name, Severity.HIGH) for name in ("ReadFile", "MatchingFiles", "WholeFileReaderV2")),
        *((name, Severity.HIGH) for name in ("Rpc", "RegisterDataset", "DataServiceDatasetV2")),
        *((name, Severity.HIGH) for name in ("LoadDataset", "RemoteCall", "Save")),
        *((name, Severity.HIGH) for name in ("DebugIdentity", "DebugNumericSummaryV2")),
        *((name, Severity.HIGH) for name in ("DatasetToTFRecord", "SaveDatasetV2")),
        *(
            (name, Severity.MEDIUM)
            for name in ("CreateSummaryFileWriter", "CreateSummaryDbWriter")
        ),
        ("TRTEngineOp", Severity.MEDIUM),
    ],
)
def test_operators_are_as_bad_as_what_they_reach(operator: str, severity: Severity) -> None:
    (finding,) = found_by(DETECTOR, graph_def(op(operator)))
    assert finding.severity is severity


@pytest.mark.parametrize(
    ("operator", "key", "bad", "good"),
    [
        ("PrintV2", "output_stream", "file:///tmp/x", "stderr"),
        ("PrintV2", "output_stream", "FILE:///tmp/x", "log(info)"),
        ("DecodeProtoV2", "descriptor_source", "/tmp/d.pb", "local://"),
        ("DecodeProtoV2", "descriptor_source", "d.pb", "bytes://abc"),
        ("EncodeProto", "descriptor_source", "http://h/d", ""),
        ("ImmutableConst", "memory_region_name", "/etc/passwd", "memmapped_package://w"),
    ],
)
def test_a_text_attribute_decides(operator: str, key: str, bad: str, good: str) -> None:
    def found(value: str) -> list[Severity]:
        node = op(operator, attributes=attribute(key, block(2, value)))
        return [f.severity for f in found_by(DETECTOR, graph_def(node))]

    assert (found(bad), found(good)) == ([Severity.HIGH], [])


@pytest.mark.parametrize("operator", ["TFRecordDataset", "TextLineReaderV2"])
def test_reading_data_is_for_graphs_that_are_trained(operator: str) -> None:
    graph = graph_def(op(operator))
    for data, severity in (
        (graph, Severity.HIGH),
        (saved_model(graph), Severity.HIGH),
        (meta_graph(graph), Severity.MEDIUM),
    ):
        assert [f.severity for f in found_by(DETECTOR, data)] == [severity]


def test_what_it_is_given_is_shown() -> None:
    (finding,) = found_by(DETECTOR, graph_def(const("c", "/etc/passwd"), op("ReadFile", "c")))
    assert "'/etc/passwd'" in finding.message


def test_each_operator_is_reported_once() -> None:
    nodes = [op("ReadFile", "a", node="1"), op("ReadFile", "b", node="2"), const("a", "x")]
    assert len(found_by(DETECTOR, graph_def(*nodes))) == 1


@pytest.mark.parametrize(
    "operator",
    """
    SaveV2 RestoreV2 ShardedFilename MergeV2Checkpoints StringJoin Print PrintV2 Assert
    StaticRegexFullMatch LookupTableFindV2 InitializeTableFromTextFileV2 HashTableV2
    StatefulPartitionedCall XlaCallModule ReadVariableOp IdentityReader Fact _Send
    ScalarSummary WriteSummary DebugGradientIdentity ParseExampleV2 DecodeJpeg Const VarHandleOp
    """.split(),
)
def test_what_every_saved_model_holds_is_left_alone(operator: str) -> None:
    assert found_by(DETECTOR, saved_model(graph_def(op(operator)))) == []
