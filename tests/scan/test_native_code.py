"""NAT001: programs and shared libraries inside a model."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from graph_samples import PLAIN_GRAPH, saved_model
from modelkeep.core import Severity, Verdict
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.scan.native_code import DETECTOR
from modelkeep.sources import open_artifact
from samples import VALID, found_by, scan_bytes, zip_of

ELF = b"\x7fELF\x02\x01\x01" + b"\0" * 9 + struct.pack("<HHI", 3, 62, 1) + b"\0" * 40
PE = b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0" + b"\0" * 20
MACHO = struct.pack("<4I", 0xFEEDFACF, 0x0100000C, 0, 6) + b"\0" * 16


@pytest.mark.parametrize("data", [ELF, PE, MACHO], ids=["elf", "pe", "macho"])
@pytest.mark.parametrize("name", ["ops.so", "weights.bin", "README.md"])
def test_native_code_is_high_under_any_name(tmp_path: Path, data: bytes, name: str) -> None:
    (finding,) = found_by(DETECTOR, data, name=name)
    assert finding.severity is Severity.HIGH
    assert scan_bytes(tmp_path, data, name=name).verdict is Verdict.FAIL


def test_a_member_of_an_archive_counts() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"assets.extra/ops.so": ELF}))
    assert finding.location.member == "assets.extra/ops.so"
    assert "ELF shared library" in finding.message


def test_a_library_beside_a_saved_model_fails_and_the_model_passes(tmp_path: Path) -> None:
    (tmp_path / "assets.extra").mkdir()
    (tmp_path / "assets.extra" / "ops.so").write_bytes(ELF)
    (tmp_path / "saved_model.pb").write_bytes(saved_model(PLAIN_GRAPH))
    library, model = scan_artifact(open_artifact(tmp_path), BUILT_IN).files
    assert (library.verdict, model.verdict) == (Verdict.FAIL, Verdict.PASS)


def test_a_library_cut_short_is_found_all_the_same() -> None:
    assert len(found_by(DETECTOR, ELF[:9])) == 1


def test_two_letters_need_a_name_that_agrees() -> None:
    assert len(found_by(DETECTOR, b"MZ\x90\0" + b"\0" * 90, name="ops.DLL")) == 1
    assert found_by(DETECTOR, b"MZ\x90\0" + b"\0" * 90, name="weights.bin") == []


def test_native_code_in_a_wheel_is_medium() -> None:
    data = zip_of({"pkg/ops.so": ELF})
    assert [f.severity for f in found_by(DETECTOR, data, name="x.whl")] == [Severity.MEDIUM]
    assert [f.severity for f in found_by(DETECTOR, data, name="x.zip")] == [Severity.HIGH]
    assert [f.severity for f in found_by(DETECTOR, ELF, name="x.whl")] == [Severity.HIGH]


@pytest.mark.parametrize("name", VALID)
def test_models_are_left_alone(name: str) -> None:
    assert found_by(DETECTOR, VALID[name]) == []


def test_a_portable_executable_with_a_model_inside_has_a_rule_of_its_own() -> None:
    data = b"MZqFpD='\n" + PE[9:]
    assert found_by(DETECTOR, data) == []
