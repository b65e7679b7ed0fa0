"""TRT001: engines that nobody can read."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.tensorrt_engine import DETECTOR
from samples import VALID, found_by, scan_bytes


def test_an_engine_is_medium(tmp_path: Path) -> None:
    data = b"ftrt" + b"\0" * 60
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.MEDIUM
    assert scan_bytes(tmp_path, data, name="m.engine").verdict is Verdict.PASS


def elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHI", 3, machine, 1)


@pytest.mark.parametrize("inside", [elf(62), elf(183), b"\0/tmp/evil.so\0", b"../x/lib.so.1 "])
@pytest.mark.parametrize("before", [60, (1 << 20) - 4, (1 << 20) - 10])
def test_a_library_for_the_host_is_high(tmp_path: Path, inside: bytes, before: int) -> None:
    data = (b"ftrt" + b"\0" * 60).ljust(before, b"\0") + inside + b"\0" * 99
    medium, high = found_by(DETECTOR, data)
    assert (medium.severity, high.severity) == (Severity.MEDIUM, Severity.HIGH)
    assert scan_bytes(tmp_path, data, name="m.engine").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    "inside", [elf(190), b"libnvinfer.so", b"lib/x.so", b"/some/source.cpp"]
)
def test_kernels_for_the_gpu_and_other_names_are_left_alone(inside: bytes) -> None:
    data = b"ftrt" + b"\0" * 60 + inside + b"\0" * 99
    assert [f.severity for f in found_by(DETECTOR, data)] == [Severity.MEDIUM]


def test_other_models_are_left_alone() -> None:
    assert [found_by(DETECTOR, data) for data in VALID.values()] == [[]] * len(VALID)
