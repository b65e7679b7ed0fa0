"""STN001: bytes the header does not account for exactly once."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.safetensors_map import DETECTOR
from samples import VALID, found_by, safetensors_of, scan_bytes, tensor, zip_of

ENTRY = json.dumps(tensor(0, 2))
LYING = {
    "hole": safetensors_of({"a": tensor(0, 2), "b": tensor(4, 6)}, b"123456"),
    "overlap": safetensors_of({"a": tensor(0, 4), "b": tensor(2, 6)}, b"123456"),
    "tail": safetensors_of({"a": tensor(0, 2)}, b"123456"),
    "name twice": safetensors_of(f'{{"a": {ENTRY}, "a": {ENTRY}}}', b"12"),
}


@pytest.mark.parametrize("lie", LYING)
def test_a_map_lies_by_its(tmp_path: Path, lie: str) -> None:
    (finding,) = found_by(DETECTOR, LYING[lie])
    assert finding.severity is Severity.HIGH
    assert finding.evidence == {"what": finding.message}
    assert scan_bytes(tmp_path, LYING[lie]).verdict is Verdict.FAIL


def test_every_lie_is_reported_where_it_stands() -> None:
    header = {"a": tensor(1, 3), "b": tensor(2, 4)}
    data = safetensors_of(header, b"123456")
    start = len(data) - 6
    assert [f.location.offset for f in found_by(DETECTOR, data)] == [
        start,
        start + 2,
        start + 4,
    ]


def test_a_map_within_an_archive_is_judged_too() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"w.safetensors": LYING["tail"]}))
    assert finding.location.member == "w.safetensors"
    assert finding.location.offset == len(LYING["tail"]) - 4


def test_an_honest_map_is_left_alone() -> None:
    assert found_by(DETECTOR, VALID["safetensors"]) == []
    assert found_by(DETECTOR, safetensors_of({"__metadata__": {"a": "b"}})) == []
    library = pytest.importorskip("safetensors.numpy")
    arrays = {"w": np.ones((3, 5), "f4"), "b": np.ones(3, "f2"), "none": np.ones((0, 2))}
    assert found_by(DETECTOR, library.save(arrays)) == []


def test_a_truncated_file_is_inconclusive(tmp_path: Path) -> None:
    for cut in (1, 5, 20):
        result = scan_bytes(tmp_path, VALID["safetensors"][:-cut])
        assert (result.verdict, result.findings) == (Verdict.INCONCLUSIVE, ())
