"""Graphs as text are read like those in binary."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import MalformedArtifactError, Verdict
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.tensorflow_graph import TensorflowGraph
from modelkeep.formats.tensorflow_text_graph import looks_like, read
from samples import VALID, budget, scan_bytes

CONST = """node { name: "c" op: "Const" attr { key: "value" value { tensor {
  dtype: DT_STRING tensor_shape {} string_val: "/etc/passwd" } } } }"""
READ = 'node { name: "r" op: "ReadFile" input: "c" }'
FUNCTION = (
    f'library {{ function {{ signature {{ name: "f" }} {READ.replace("node", "node_def")} }} }}'
)
PLAIN = 'node { name: "x" op: "Placeholder" }\nnode { name: "y" op: "Relu" input: "x" }\n'


def graph(text: str) -> TensorflowGraph:
    reading = Reading()
    read(MemorySource(text.encode()), budget(), reading)
    assert isinstance(reading.document, TensorflowGraph)
    return reading.document


@pytest.mark.parametrize(
    "text",
    [
        CONST + READ,
        f"meta_info_def {{ tags: 'serve' }} graph_def {{ {CONST} {READ} }}",
        f"saved_model_schema_version: 1 meta_graphs {{ graph_def {{ {CONST} {READ} }} }}",
        f"meta_graphs: [{{ graph_def: < {CONST} {READ} > }}]",
    ],
    ids=["graph", "meta graph", "saved model", "other marks"],
)
def test_operators_and_their_text_are_found(tmp_path: Path, text: str) -> None:
    (found,) = [o for o in graph(text).operations if o.op == "ReadFile"]
    assert found.inputs == (("/etc/passwd",),)
    result = scan_bytes(tmp_path, text.encode(), name="g.pbtxt")
    assert (result.format, result.verdict) == ("tensorflow text graph", Verdict.FAIL)


def test_bodies_of_functions_and_attributes_are_read() -> None:
    found = graph(FUNCTION)
    assert [(o.op, o.scope) for o in found.operations] == [("ReadFile", "f")]
    assert found.functions == {"f"}
    urls = 'attr { key: "debug_urls" value { list { s: "grpc://h:1" } } }'
    (debug,) = graph(f'node {{ op: "DebugIdentity" {urls} }}').operations
    assert debug.texts == ("debug_urls=grpc://h:1",)


def test_assets_are_named() -> None:
    text = 'meta_graphs { asset_file_def { filename: "../x" } }'
    assert [name for name, _ in graph(text).assets] == ["../x"]


def test_a_plain_graph_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, PLAIN.encode(), name="g.pbtxt")
    assert (result.format, result.verdict) == ("tensorflow text graph", Verdict.PASS)


def test_one_cut_short_keeps_what_was_found(tmp_path: Path) -> None:
    text = CONST + READ + PLAIN
    assert scan_bytes(tmp_path, text[:-9].encode()).verdict is Verdict.FAIL
    assert scan_bytes(tmp_path, PLAIN[:-9].encode()).verdict is Verdict.INCONCLUSIVE
    with pytest.raises(MalformedArtifactError):
        graph(PLAIN[:-9])


@pytest.mark.parametrize(
    "data", [*VALID.values(), b"node: a tree has nodes\n", b"library(ggplot2)\n", b"node\n"]
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))
    assert "tensorflow text graph" not in sniff(MemorySource(data))
