"""GGF001: numbers that overflow a native loader."""

from __future__ import annotations

from pathlib import Path

import pytest

from gguf_samples import PLAIN, V3, gguf_of
from modelkeep.core import Severity, Verdict
from modelkeep.scan.gguf_overflow import DETECTOR
from samples import VALID, bomb, found_by, scan_bytes, zip_of

ATTACKS = {
    "tensor count": b"GGUF" + V3.u32(3) + V3.u64(1 << 61) + V3.u64(0),
    "string length": V3.file(
        [V3.text("general.name") + V3.u32(8) + V3.text("v", (1 << 64) - 1)]
    ),
    "extents": V3.file((), [V3.tensor("t", (1 << 32, 1 << 32), 0)]),
    "alignment": V3.file([V3.pair("general.alignment", 0)]),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_overflow_fails(tmp_path: Path, attack: str) -> None:
    (finding,) = found_by(DETECTOR, ATTACKS[attack], name="m.gguf")
    assert finding.severity is Severity.HIGH
    assert finding.evidence == {"what": finding.message}
    assert scan_bytes(tmp_path, ATTACKS[attack], name="m.gguf").verdict is Verdict.FAIL


def test_an_overflow_within_an_archive_is_seen() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"m.gguf": ATTACKS["tensor count"]}))
    assert finding.location.member == "m.gguf"


def test_an_honest_file_passes_whatever_its_name(tmp_path: Path) -> None:
    for name in ("m.gguf", "m.bin", "m"):
        result = scan_bytes(tmp_path, gguf_of(PLAIN), name=name)
        assert (result.verdict, result.findings) == (Verdict.PASS, ())


def test_a_file_cut_short_is_inconclusive(tmp_path: Path) -> None:
    data = gguf_of(PLAIN)
    for length in (10, 100, len(data) // 2, len(data) - 40):
        result = scan_bytes(tmp_path, data[:length], name="m.gguf")
        assert (result.verdict, result.findings) == (Verdict.INCONCLUSIVE, ())


@pytest.mark.parametrize("tail", [bomb(), VALID["zip"], b"x"], ids=["pickle", "zip", "byte"])
def test_what_hides_behind_the_tensors_fails(tmp_path: Path, tail: bytes) -> None:
    assert scan_bytes(tmp_path, gguf_of(PLAIN, tail=tail)).verdict is Verdict.FAIL
