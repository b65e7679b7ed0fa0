"""EXE001: kernels and backends that ExecuTorch does not have."""

from __future__ import annotations

from pathlib import Path

import pytest

from graph_samples import flatbuffer
from modelkeep.core import Severity, Verdict
from modelkeep.scan.executorch_kernel import DETECTOR
from samples import found_by, scan_bytes


def pte(kernel: str, backend: str) -> bytes:
    return flatbuffer({1: [{6: [{0: kernel}], 7: [{0: backend}]}]}, b"ET12")


def test_foreign_code_is_medium(tmp_path: Path) -> None:
    data = pte("mine::decode", "MineBackend")
    kernel, backend = found_by(DETECTOR, data)
    assert (kernel.severity, kernel.evidence) == (Severity.MEDIUM, {"kernel": "mine::decode"})
    assert backend.evidence == {"backend": "MineBackend"}
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


@pytest.mark.parametrize("kernel", ["aten::add", "dim_order_ops::_to_dim_order_copy"])
def test_known_code_is_left_alone(kernel: str) -> None:
    assert found_by(DETECTOR, pte(kernel, "XnnpackBackend")) == []
