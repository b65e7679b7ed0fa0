"""TFG003: operators from outside TensorFlow."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_samples import attribute, function, graph_def, op, saved_model
from modelkeep.core import Severity, Verdict
from modelkeep.formats.tensorflow_policy import REACHES
from modelkeep.scan.tensorflow_custom import DETECTOR, standard
from samples import block, found_by, scan_bytes


def test_a_foreign_operator_is_information(tmp_path: Path) -> None:
    data = saved_model(graph_def(op("Mine>Decode", node="d"), op("Relu")))
    (finding,) = found_by(DETECTOR, data)
    assert (finding.severity, finding.evidence) == (Severity.INFO, {"operator": "Mine>Decode"})
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


def test_a_function_of_the_model_is_no_foreign_operator() -> None:
    data = graph_def(op("my_body"), functions=[function("my_body", op("Relu"))])
    assert found_by(DETECTOR, data) == []


def test_each_is_reported_once_and_not_without_end() -> None:
    twice = [op("Mine", attributes=attribute("k", block(2, str(i)))) for i in range(3)]
    assert len(found_by(DETECTOR, graph_def(*twice))) == 1
    many = [op(f"Mine{i}") for i in range(200)]
    assert len(found_by(DETECTOR, graph_def(*many))) == 50


@pytest.mark.parametrize("operator", ["MatMul", "Conv2D", "StatefulPartitionedCall", "SaveV2"])
def test_standard_operators_are_left_alone(operator: str) -> None:
    assert found_by(DETECTOR, graph_def(op(operator))) == []


def test_the_policy_names_operators_that_exist() -> None:
    foreign = {"RpcCall", "RpcClient", "RpcServer", "RpcServerStart", "RpcServerRegister"}
    foreign |= {"TryRpc", "Rpc", "BigQueryReader", "GenerateBigQueryReaderPartitions"}
    foreign |= {"BigtableClient", "GcsConfigureCredentials", "GcsConfigureBlockCache"}
    foreign |= {"SnapshotChunkDataset", "TRTEngineOp", "RemoteFusedGraphExecute"}
    assert set(REACHES) - foreign <= standard()
