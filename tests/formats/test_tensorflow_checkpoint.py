"""The index of a checkpoint is recognised by its footer."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.tensorflow_checkpoint import looks_like, read
from samples import VALID, budget, scan_bytes, varint

MAGIC = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"


def index(*numbers: int, body: bytes = b"\0" * 64) -> bytes:
    """A table whose footer holds four numbers."""
    footer = b"".join(varint(n) for n in numbers)
    return body + footer.ljust(40, b"\0") + MAGIC


def test_an_index_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, index(0, 8, 13, 22))
    assert (result.format, result.verdict) == ("tensorflow checkpoint", Verdict.PASS)


@pytest.mark.parametrize("numbers", [(0, 8, 60, 5), (1 << 62, 8, 0, 8)])
def test_a_block_outside_the_file_is_inconclusive(
    tmp_path: Path, numbers: tuple[int, ...]
) -> None:
    assert scan_bytes(tmp_path, index(*numbers)).verdict is Verdict.INCONCLUSIVE


def test_a_number_that_does_not_end_is_inconclusive(tmp_path: Path) -> None:
    data = b"\xff" * 40 + MAGIC
    assert scan_bytes(tmp_path, data).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("data", [*VALID.values(), b"", MAGIC, index(0, 8, 0, 8)[:-1]])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


@given(st.binary(max_size=80))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        read(MemorySource(data + MAGIC), budget(), Reading())
    except ModelkeepError:
        return
