"""ExecuTorch programs: kernels, backends, segments."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph_samples import flatbuffer
from modelkeep.core import LimitExceededError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.executorch import ExecutorchProgram, looks_like, read
from samples import VALID, bomb, budget, damage, prefixes, scan_bytes


def pte(
    kernels: tuple[str, ...] = (),
    backends: tuple[str, ...] = (),
    segments: tuple[tuple[int, int], ...] = (),
    data: tuple[bytes, ...] = (),
) -> bytes:
    """A program of one plan."""
    plan: dict[int, object] = {
        6: [{0: name, 1: "out"} for name in kernels],
        7: [{0: name} for name in backends],
    }
    places = [{0: ("Q", offset), 1: ("Q", size)} for offset, size in segments]
    inline = [{0: body} for body in data]
    return flatbuffer({1: [plan], 3: inline, 4: places}, b"ET12")


def read_program(data: bytes) -> tuple[ExecutorchProgram, Reading]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, ExecutorchProgram)
    return reading.document, reading


WHOLE = pte(("aten::add", "mine::x"), ("XnnpackBackend",), ((8, 4),), (b"abc",))


def test_kernels_and_backends_are_named() -> None:
    document, _ = read_program(WHOLE)
    assert [name for name, _ in document.kernels] == ["aten::add.out", "mine::x.out"]
    assert [name for name, _ in document.backends] == ["XnnpackBackend"]


def test_a_plain_program_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, pte(("aten::add",)), name="m.pte")
    assert (result.format, result.verdict) == ("executorch", Verdict.PASS)


def test_streams_in_backend_data_and_segments_are_parts() -> None:
    size = len(pte(data=(bomb(2),), segments=((1, 1),)))
    data = pte(data=(bomb(2),), segments=((size, len(bomb())),)) + bomb()
    assert [p.open().read(0, 999) for p in read_program(data)[1].parts] == [bomb(2), bomb()]


def test_segments_count_from_the_base_of_the_header() -> None:
    data = bytearray(pte(segments=((0, 4),)))
    header = struct.pack("<4sIQQ", b"eh00", 24, 0, len(data) + 24)
    # Room for the header is made behind the identifier; the root moves along with it.
    (root,) = struct.unpack("<I", data[:4])
    moved = struct.pack("<I", root + 24) + bytes(data[4:8]) + header + bytes(data[8:])
    assert read_program(moved + b"abcd")[1].lies == []
    with pytest.raises(ModelkeepError, match="ends behind the file"):
        read_program(moved + b"abc")


def test_segments_that_share_bytes_are_a_lie() -> None:
    assert read_program(pte(segments=((8, 8), (8, 8), (16, 4))))[1].lies == []
    assert len(read_program(pte(segments=((8, 8), (12, 8))))[1].lies) == 1


@pytest.mark.parametrize("segment", [(1 << 40, 1), (0, 1 << 63), (0, 1 << 20)])
def test_a_segment_behind_the_file_is_inconclusive(
    tmp_path: Path, segment: tuple[int, int]
) -> None:
    assert scan_bytes(tmp_path, pte(segments=(segment,))).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("data", [*VALID.values(), b"", b"\0\0\0\0ETxx"])
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))


def test_kernels_are_counted() -> None:
    with pytest.raises(LimitExceededError):
        read(MemorySource(pte(("aten::add",) * 50)), budget(operations=20), Reading())


_EDITS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(
    st.binary(max_size=100)
    | st.sampled_from(prefixes(WHOLE))
    | st.builds(damage, st.just(WHOLE), _EDITS)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    looks_like(MemorySource(data))
    try:
        read_program(data)
    except ModelkeepError:
        return
