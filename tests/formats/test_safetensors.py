"""safetensors: every byte is accounted for once, or the header says where not."""

from __future__ import annotations

import json
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.formats.safetensors import Header, looks_like, read_header
from samples import VALID, budget, mutants, prefixes, safetensors_of, tensor


def read(data: bytes) -> Header:
    return read_header(MemorySource(data), budget())


@given(st.dictionaries(st.text().filter("__metadata__".__ne__), st.integers(0, 9), max_size=6))
def test_tensors_side_by_side_are_read_without_a_problem(sizes: dict[str, int]) -> None:
    header, at = {}, 0
    for name, size in sizes.items():
        header[name] = tensor(at, at + size)
        at += size
    found = read(safetensors_of(header, b"\0" * at))
    assert {t.name: t.end - t.start for t in found.tensors} == sizes
    assert found.problems == ()


def test_what_the_library_writes_is_read_the_same() -> None:
    library = pytest.importorskip("safetensors.numpy")
    np = pytest.importorskip("numpy")
    arrays = {"a": np.ones((2, 3), "f4"), "b": np.ones(5, "i8"), "c": np.ones((), "f2")}
    data = library.save(arrays, {"format": "np"})
    found = read(data)
    assert {t.name: t.shape for t in found.tensors} == {"a": (2, 3), "b": (5,), "c": ()}
    assert (found.metadata, found.problems) == ({"format": "np"}, ())
    assert sum(t.end - t.start for t in found.tensors) == len(data) - found.buffer


@pytest.mark.parametrize(
    ("header", "buffer", "offset", "problem"),
    [
        (
            {"a": tensor(0, 4), "b": tensor(6, 8)},
            8,
            4,
            "2 bytes before 'b' belong to no tensor",
        ),
        ({"a": tensor(2, 4)}, 4, 0, "2 bytes before 'a' belong to no tensor"),
        ({"a": tensor(0, 4), "b": tensor(2, 8)}, 8, 2, "'b' overlaps another tensor"),
        ({"a": tensor(0, 8), "b": tensor(2, 4)}, 8, 2, "'b' overlaps another tensor"),
        ({"a": tensor(0, 4)}, 9, 4, "5 bytes follow the last tensor"),
        ({}, 3, 0, "3 bytes follow the last tensor"),
    ],
)
def test_a_byte_not_accounted_for_once_is_a_problem(
    header: dict[str, object], buffer: int, offset: int, problem: str
) -> None:
    found = read(safetensors_of(header, b"\0" * buffer))
    assert found.problems == ((found.buffer + offset, problem),)


def test_a_name_given_twice_is_a_problem() -> None:
    entry = json.dumps(tensor(0, 2))
    found = read(safetensors_of(f'{{"a": {entry}, "a": {entry}}}', b"\0\0"))
    assert found.problems == ((8, "key 'a' stands twice in the header"),)
    twice = '{"a": {"dtype": "U8", "shape": [2], "shape": [2], "data_offsets": [0, 2]}}'
    assert read(safetensors_of(twice, b"\0\0")).problems[0][1].startswith("key 'shape'")


def test_an_empty_tensor_may_stand_anywhere() -> None:
    header = {"a": tensor(0, 4), "none": tensor(4, 4), "zero": tensor(0, 0), "in": tensor(2, 2)}
    assert read(safetensors_of(header, b"\0" * 4)).problems == ()


def entry(**changes: object) -> dict[str, object]:
    return {"a": tensor(0, 2) | changes}


def shaped(extents: str) -> str:
    return f'{{"a": {{"dtype": "U8", "shape": [{extents}], "data_offsets": [0, 2]}}}}'


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "{",
        '{"a": 1}',
        '{"__metadata__": []}',
        entry(dtype="O"),
        entry(dtype=None),
        entry(dtype=["U8"]),
        entry(dtype={}),
        entry(shape=None),
        entry(shape=[-2]),
        entry(shape=[2.0]),
        entry(shape=[True, 2]),
        entry(shape=[3]),
        entry(shape=["2"]),
        entry(data_offsets=[0]),
        entry(data_offsets=[2, 0]),
        entry(data_offsets=[0, 2, 4]),
        entry(data_offsets=[1, 3]),
        shaped(",".join(["9" * 4000] * 2)),
    ],
    ids=lambda header: str(header)[:60],
)
def test_a_header_that_is_not_one_is_malformed(header: object) -> None:
    with pytest.raises(MalformedArtifactError):
        read(safetensors_of(header, b"\0\0"))


def test_a_shape_of_countless_extents_is_refused_before_it_is_multiplied() -> None:
    data = safetensors_of(shaped(",".join(["9"] * 200_000)), b"\0\0")
    start = time.process_time()
    with pytest.raises(MalformedArtifactError):
        read(data)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize("length", [101, 1 << 63, (1 << 64) - 1])
def test_a_long_header_is_a_limit_before_it_is_read(length: int) -> None:
    source = MemorySource(struct.pack("<Q", length) + b"{}")
    with pytest.raises(LimitExceededError, match=f"header of {length} bytes"):
        read_header(source, budget(header_bytes=100))


def test_a_deep_header_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="deeper than 8"):
        read(safetensors_of('{"__metadata__":' + "[" * 9))


def test_tensors_count_as_entries() -> None:
    source = MemorySource(VALID["safetensors"])
    with pytest.raises(LimitExceededError, match="entries"):
        read_header(source, budget(entries=1))


def test_a_file_cut_short_anywhere_is_malformed() -> None:
    for data in prefixes(VALID["safetensors"]):
        with pytest.raises(MalformedArtifactError):
            read(data)


def test_it_looks_like_one_by_its_length_and_brace() -> None:
    assert looks_like(MemorySource(VALID["safetensors"]))
    assert not looks_like(MemorySource(b"\0" * 8 + b"["))
    assert not looks_like(MemorySource(b"\0\0\0\0\1\0\0\0{"))
    assert not looks_like(MemorySource(b"\0" * 8))


@given(st.binary(max_size=200) | mutants("safetensors"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        header = read(data)
    except ModelkeepError:
        return
    assert all(header.buffer + t.end <= len(data) for t in header.tensors)
