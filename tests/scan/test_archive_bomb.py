"""ARC003: small files that unpack to huge ones."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import numpy as np
import pytest
import zstandard

from modelkeep.core import Severity, Verdict
from modelkeep.scan.archive_bomb import DETECTOR
from samples import found_by, scan_bytes, tar_of, zip_of

FILLER = b"\0" * (10 << 20)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zstandard": zstandard.ZstdCompressor().compress,
    "lz4": lambda data: lz4.frame.compress(data, compression_level=9),
    "zip": lambda data: zip_of({"a": data}, method=zipfile.ZIP_DEFLATED),
    "zip bzip2": lambda data: zip_of({"a": data}, method=zipfile.ZIP_BZIP2),
    "tar in gzip": lambda data: gzip.compress(tar_of(("a", data))),
}


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zlib", "zstandard", "zip", "lzma"])
@pytest.mark.parametrize("byte", [b"\0", b"A"])
def test_filler_is_a_bomb(tmp_path: Path, name: str, byte: bytes) -> None:
    data = PACKERS[name](byte * (10 << 20))
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.HIGH
    assert finding.message == finding.evidence["what"]
    assert str(len(data)) in finding.message or name.startswith("zip")
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_filler_behind_a_header_is_a_bomb_once_it_is_large(tmp_path: Path) -> None:
    data = PACKERS["tar in gzip"](FILLER * 5)
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_overlapping_members_are_a_bomb(tmp_path: Path) -> None:
    one = zip_of({"a": FILLER}, method=zipfile.ZIP_DEFLATED)
    start, end = one.rfind(b"PK\1\2"), one.rfind(b"PK\5\6")
    many = one[start:end] * 200
    tail = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 200, 200, len(many), start, 0)
    data = one[:start] + many + tail
    assert "overlapping" in found_by(DETECTOR, data)[0].message
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_a_bomb_in_an_archive_is_one_too() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"in.gz": gzip.compress(FILLER)}))
    assert finding.location.member == "in.gz"


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize(
    "data",
    [
        b"\0" * (1 << 20),
        b"the quick brown fox " * 40_000,
        np.random.default_rng(0).bytes(1 << 20),
    ],
    ids=["some zeros", "text", "noise"],
)
def test_what_shrinks_well_is_no_bomb(name: str, data: bytes) -> None:
    assert found_by(DETECTOR, PACKERS[name](data)) == []


def test_a_fresh_array_is_no_bomb(tmp_path: Path) -> None:
    out = io.BytesIO()
    np.savez_compressed(out, mask=np.zeros((1500, 1500)), weight=np.ones(4))
    assert found_by(DETECTOR, out.getvalue()) == []
    assert scan_bytes(tmp_path, out.getvalue(), name="m.npz").verdict is Verdict.PASS
