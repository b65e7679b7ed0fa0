"""MXN001: operators of MXNet that are other people's code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.mxnet_operator import DETECTOR
from samples import found_by, scan_bytes


def symbol(*nodes: dict[str, object]) -> bytes:
    return json.dumps({"nodes": nodes, "arg_nodes": [0], "heads": [[0, 0]]}).encode()


@pytest.mark.parametrize("where", ["attr", "attrs", "param"])
def test_a_custom_operator_is_high(tmp_path: Path, where: str) -> None:
    data = symbol({"op": "Custom", "name": "c", where: {"op_type": "evil"}})
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.evidence["type"]) == (Severity.HIGH, "evil")
    assert scan_bytes(tmp_path, data, name="m-symbol.json").verdict is Verdict.FAIL


@pytest.mark.parametrize("kind", ["_Native", "_NDArray"])
def test_an_operator_called_by_address_is_critical(kind: str) -> None:
    (finding,) = found_by(DETECTOR, symbol({"op": kind, "attrs": {"info": "0x7f00"}}))
    assert finding.severity is Severity.CRITICAL


def test_nodes_that_a_later_key_replaced_count() -> None:
    text = b'{"nodes": [{"op": "Custom"}], "nodes": [], "arg_nodes": [], "heads": []}'
    assert len(found_by(DETECTOR, text)) == 1


@pytest.mark.parametrize(
    "data",
    [
        symbol({"op": "null"}, {"op": "Convolution", "attrs": {"op_type": "x"}}),
        b'{"nodes": [{"op": "Custom"}]}',
        b'[{"op": "Custom"}]',
        b'{"nodes": 1, "arg_nodes": 1, "heads": 1}',
    ],
)
def test_other_documents_are_left_alone(data: bytes) -> None:
    assert found_by(DETECTOR, data) == []
