"""TRT001: engines that nobody can read."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import Severity, Verdict
from modelkeep.scan.tensorrt_engine import DETECTOR
from samples import VALID, found_by, scan_bytes


def test_an_engine_is_medium(tmp_path: Path) -> None:
    data = b"ftrt" + b"\0" * 60
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.MEDIUM
    assert scan_bytes(tmp_path, data, name="m.engine").verdict is Verdict.PASS


def test_other_models_are_left_alone() -> None:
    assert [found_by(DETECTOR, data) for data in VALID.values()] == [[]] * len(VALID)
