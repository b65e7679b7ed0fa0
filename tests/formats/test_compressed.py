"""Compressed streams: joined, bounded, read as far as they go, and nothing behind them lost."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Callable
from pathlib import Path

import joblib
import lz4.frame
import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, formats, sniff
from modelkeep.formats.compressed import FORMATS
from samples import bomb, budget, damage, prefixes, scan_bytes

EVIL = bomb()
NOISE = np.random.default_rng(1).bytes(200_000)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstandard": zstandard.ZstdCompressor(write_checksum=True).compress,
    "lz4": lz4.frame.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zlib": zlib.compress,
    "zfile": lambda data: b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data),
}


def opened(name: str, data: bytes, **limits: int) -> tuple[dict[str, bytes], str]:
    """Every part by name, and the error."""
    reading = Reading()
    error = ""
    try:
        formats()[name].read(MemorySource(data), budget(**limits), reading)
    except MalformedArtifactError as broken:
        error = str(broken)
    sources = {p.member: p.open() for p in reading.parts}
    return {member: source.read(0, source.size) for member, source in sources.items()}, error


def test_every_format_is_tested() -> None:
    assert {format_.name for format_ in FORMATS} == set(PACKERS)


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("data", [EVIL, NOISE, NOISE * 60], ids=["small", "noise", "large"])
def test_a_stream_is_recognised_and_made_whole(name: str, data: bytes) -> None:
    packed = PACKERS[name](data)
    assert sniff(MemorySource(packed)) == (name,)
    assert opened(name, packed) == ({"content": data}, "")


@pytest.mark.parametrize("name", PACKERS)
def test_a_payload_fails_under_any_name(tmp_path: Path, name: str) -> None:
    assert scan_bytes(tmp_path, PACKERS[name](EVIL), name="m.txt").verdict is Verdict.FAIL


@pytest.mark.parametrize("name", PACKERS)
def test_streams_behind_each_other_are_joined(name: str) -> None:
    packed = PACKERS[name](EVIL[:9]) + PACKERS[name](EVIL[9:])
    assert opened(name, packed) == ({"content": EVIL}, "")


@pytest.mark.parametrize("name", PACKERS)
def test_what_follows_is_a_part_and_padding_is_not(name: str) -> None:
    packed = PACKERS[name](b"fine")
    assert opened(name, packed + EVIL) == ({"content": b"fine", "trailing": EVIL}, "")
    assert opened(name, packed + b"\0" * 512) == ({"content": b"fine"}, "")
    assert opened(name, packed + b"\0" * 16 + EVIL)[0]["trailing"] == EVIL


@pytest.mark.parametrize("name", PACKERS)
def test_a_stream_cut_short_anywhere_is_malformed(name: str) -> None:
    packed = PACKERS[name](EVIL)
    for data in prefixes(packed):
        if formats()[name].looks_like(MemorySource(data)):
            _, error = opened(name, data)
            assert error or (name in ("gzip", "lzma") and len(packed) - len(data) < 10)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zlib", "zfile"])
def test_a_wrong_checksum_does_not_hide_what_came_before(name: str) -> None:
    packed = bytearray(PACKERS[name](EVIL))
    where = {"xz": -13, "bzip2": 12, "gzip": -5}.get(name, -1)
    packed[where] ^= 0x10
    parts, error = opened(name, bytes(packed))
    assert parts["content"].startswith(EVIL[:-1])  # the checksum may take the last byte along
    assert error or name == "gzip"


def test_the_header_python_2_wrote_is_one_blank_wider() -> None:
    packed = b"ZF" + b"0x%xL" % len(EVIL) + b" " * 14
    wider = packed[:21].ljust(22) + zlib.compress(EVIL)
    assert opened("zfile", wider) == ({"content": EVIL}, "")


@pytest.mark.parametrize("name", PACKERS)
def test_what_came_before_damage_is_handed_out(name: str) -> None:
    packed = PACKERS[name](EVIL + NOISE)
    parts, error = opened(name, packed[: len(packed) // 2 + 100])
    if name != "bzip2":  # a block is all or nothing
        assert parts["content"].startswith(EVIL)
    assert error


def test_every_field_of_a_gzip_header_is_stepped_over() -> None:
    body = gzip.compress(EVIL)[10:]
    head = b"\x1f\x8b\x08\x1e" + b"\0" * 6 + b"\3\0abc" + b"name\0" + b"comment\0" + b"\1\2"
    assert opened("gzip", head + body) == ({"content": EVIL}, "")


def test_a_bomb_stops_at_the_limit() -> None:
    packed = gzip.compress(b"\0" * (5 << 20))
    parts, error = opened("gzip", packed, member_bytes=1 << 20)
    assert "unpacks to more than 1048576 bytes" in error
    assert len(parts["content"]) == 1 << 20
    with pytest.raises(LimitExceededError, match="in all"):
        formats()["gzip"].read(MemorySource(packed), budget(unpacked_bytes=1000), Reading())


@pytest.mark.parametrize(
    "compress", [("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3), ("zlib", 3)]
)
def test_what_joblib_writes_is_recognised(compress: tuple[str, int]) -> None:
    out = io.BytesIO()
    joblib.dump({"w": np.arange(5000.0)}, out, compress=compress)
    (name,) = sniff(MemorySource(out.getvalue()))
    assert name == {"bz2": "bzip2"}.get(compress[0], compress[0])
    parts, error = opened(name, out.getvalue())
    assert parts["content"].startswith(b"\x80")
    assert not error


@pytest.mark.parametrize(
    "data",
    [b"x\x9cmore text", b"x = 1\n", b"ZF is a text", b"Zebra", b"BZh is text", b"]\0\0\1\0" * 9,
     b"\x1f\x8b\x07", b"(\xb5/", b"\x78\xda" * 40],
)  # fmt: skip
def test_what_only_starts_alike_is_not_recognised(data: bytes) -> None:
    assert not set(sniff(MemorySource(data))) & set(PACKERS)


def test_skippable_frames_do_not_hide_a_zstandard_stream() -> None:
    skipped = b"\x50\x2a\x4d\x18\4\0\0\0junk"
    data = skipped + PACKERS["zstandard"](EVIL)
    assert sniff(MemorySource(data)) == ("zstandard",)
    assert opened("zstandard", data) == ({"content": EVIL}, "")


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(sorted(PACKERS)),
    st.lists(
        st.tuples(st.integers(0, 400), st.integers(0, 9), st.binary(max_size=6)), max_size=3
    ),
)
def test_any_bytes_are_read_or_refused(name: str, edits: list[tuple[int, int, bytes]]) -> None:
    data = damage(PACKERS[name](EVIL * 3), edits)
    for format_ in FORMATS:
        format_.looks_like(MemorySource(data))
    try:
        formats()[name].read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
