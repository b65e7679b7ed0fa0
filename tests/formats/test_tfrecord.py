"""TFRecord: recognised by the checksum of its first length, walked to its end."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.tfrecord import looks_like, masked_crc, read
from samples import VALID, budget, prefixes, scan_bytes


def record(data: bytes) -> bytes:
    """One record; the checksum of the data is not looked at."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked_crc(length)) + data + b"\0" * 4


def test_the_checksum_is_the_one_that_tensorflow_writes() -> None:
    # The first bytes of what tf.io.TFRecordWriter makes of b"abc".
    assert looks_like(MemorySource(bytes.fromhex("0300000000000000b099490e")))


def test_records_pass(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, record(b"abc") + record(b"") + record(b"\x80\x04"))
    assert (result.format, result.verdict) == ("tfrecord", Verdict.PASS)


def test_a_file_cut_short_is_inconclusive(tmp_path: Path) -> None:
    data = record(b"abc") + record(b"defg")
    for text in prefixes(data)[12:]:
        expected = Verdict.PASS if len(text) == len(record(b"abc")) else Verdict.INCONCLUSIVE
        assert scan_bytes(tmp_path, text).verdict is expected


@pytest.mark.parametrize("data", [*VALID.values(), b"", b"\0" * 12])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_records_are_counted() -> None:
    with pytest.raises(LimitExceededError):
        read(MemorySource(record(b"") * 9), budget(operations=5), Reading())


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read(MemorySource(data), budget(), Reading())
    except ModelkeepError:
        return
