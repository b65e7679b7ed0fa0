"""Unpacking within bounds: joined, spilled to disk, stopped at limits, kept up to an error."""

from __future__ import annotations

import bz2
import zlib
from collections.abc import Callable
from pathlib import Path

import lz4.frame
import numpy as np
import pytest
import zstandard

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import MemorySource
from modelkeep.formats.unpacking import (
    Decompressor,
    Inflate,
    Lz4,
    Spool,
    Zstandard,
    bzip2,
    raw_lzma,
)
from samples import budget

NOISE = np.random.default_rng(3).bytes(1 << 20)
WAYS: dict[str, tuple[Callable[[bytes], bytes], Callable[[], Decompressor]]] = {
    "zlib": (zlib.compress, lambda: Inflate(15)),
    "bzip2": (bz2.compress, bzip2),
    "lz4": (lz4.frame.compress, Lz4),
    "zstandard": (zstandard.ZstdCompressor().compress, Zstandard),
}


def body(spool: Spool) -> bytes:
    return spool.source().read(0, spool.size)


@pytest.mark.parametrize("way", WAYS)
def test_the_bytes_used_are_those_of_the_stream(way: str) -> None:
    pack, start = WAYS[way]
    packed = pack(NOISE)
    spool = Spool(len(packed), budget(), "stream")
    assert spool.fill(MemorySource(packed + b"behind"), start) == len(packed)
    assert body(spool) == NOISE
    spool.fill(MemorySource(packed), start)
    assert body(spool) == NOISE * 2
    assert spool.bomb() is None


@pytest.mark.parametrize("way", WAYS)
def test_a_stream_cut_short_says_so_and_keeps_what_came(way: str) -> None:
    pack, start = WAYS[way]
    packed = pack(NOISE)[:-50]
    spool = Spool(len(packed), budget(), "stream")
    with pytest.raises(MalformedArtifactError, match="stream cannot be unpacked: it is cut"):
        spool.fill(MemorySource(packed), start)
    assert NOISE.startswith(body(spool))


def test_damage_takes_nothing_along_that_came_before_it() -> None:
    packed = bytearray(zlib.compress(b"before" + b"x" * 100))
    packed[-1] ^= 1
    spool = Spool(len(packed), budget(), "stream")
    with pytest.raises(MalformedArtifactError, match="incorrect data check"):
        spool.fill(MemorySource(bytes(packed)), lambda: Inflate(15))
    assert body(spool).startswith(b"before" + b"x" * 99)


@pytest.mark.parametrize("way", WAYS)
def test_more_than_the_limit_is_not_made(way: str) -> None:
    pack, start = WAYS[way]
    packed = pack(b"\0" * (3 << 20))
    spool = Spool(len(packed), budget(member_bytes=1 << 20), "stream")
    with pytest.raises(LimitExceededError, match="more than 1048576 bytes"):
        spool.fill(MemorySource(packed), start)
    assert spool.size == 1 << 20


def test_large_output_goes_to_a_nameless_file_that_is_closed_with_its_source() -> None:
    before = set(Path("/proc/self/fd").iterdir()) if Path("/proc/self/fd").exists() else set()
    data = NOISE * 20
    packed = zlib.compress(data, 1)
    spool = Spool(len(packed), budget(), "stream")
    spool.fill(MemorySource(packed), lambda: Inflate(15))
    source = spool.source()
    assert source.size == len(data)
    assert source.read(5 << 20, 99) == data[5 << 20 : (5 << 20) + 99]
    assert source.read(-1, 9) == source.read(source.size, 9) == source.read(0, -1) == b""
    assert source.read(source.size - 2, 9) == data[-2:]
    del spool, source
    if before:
        assert len(set(Path("/proc/self/fd").iterdir())) <= len(before)


def test_a_size_ends_a_stream_that_has_no_mark() -> None:
    packed = zlib.compress(NOISE)
    spool = Spool(len(packed), budget(), "stream")
    spool.fill(MemorySource(packed), lambda: Inflate(15), size=70_000)
    assert body(spool) == NOISE[:70_000]


@pytest.mark.parametrize("properties", [b"", b"\x5d\0\0\1", b"\xff\0\0\1\0", b"\x08\0\0\1\0\0"])
def test_properties_that_are_none_are_malformed(properties: bytes) -> None:
    with pytest.raises(MalformedArtifactError, match="LZMA"):
        raw_lzma(properties, 1 << 20)


def test_filler_is_a_bomb_only_when_it_is_large() -> None:
    for size, is_bomb in ((1 << 20, False), (9 << 20, True)):
        packed = zlib.compress(b"\0" * size)
        spool = Spool(len(packed), budget(), "stream")
        spool.fill(MemorySource(packed), lambda: Inflate(15))
        assert (spool.bomb() is not None) is is_bomb
