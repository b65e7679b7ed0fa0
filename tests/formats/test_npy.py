"""NumPy headers: numbers told from objects, whatever the header claims."""

from __future__ import annotations

import ast
import contextlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.npy import Header, looks_like, read_header
from modelkeep.formats.npy import read as read_all
from samples import (
    VALID,
    bomb,
    budget,
    mutants,
    npy_header,
    npy_of,
    npy_with,
    prefixes,
    scan_bytes,
)


def read(data: bytes) -> Header:
    return read_header(MemorySource(data), budget())


@given(
    hnp.arrays(
        hnp.scalar_dtypes() | hnp.unicode_string_dtypes() | hnp.byte_string_dtypes(),
        hnp.array_shapes(max_side=3, min_dims=0),
    )
)
def test_arrays_of_plain_values_hold_no_objects(array: np.ndarray) -> None:
    data = npy_of(array)
    header = read(data)
    assert (header.shape, header.objects) == (array.shape, False)
    assert len(data) - header.data == array.nbytes


@pytest.mark.parametrize("version", [1, 2, 3])
def test_every_version_of_the_header_is_read(version: int) -> None:
    header = read(npy_with(npy_header("<f4", "(2,)"), b"\0" * 8, version))
    assert header == Header("<f4", (2,), objects=False, data=header.data, end=header.data + 8)
    assert header.data == len(npy_with(npy_header("<f4", "(2,)"), b"", version))


@pytest.mark.parametrize(
    "descr",
    [
        "|O",
        "O",
        [("a", "<f4"), ("b", "|O")],
        [("a", "|O", (2,))],
        [("a", [("b", "|O")])],
        "object",
        "i4,object",
        {"xO": 1},
    ],
    ids=str,
)
def test_every_way_numpy_knows_to_write_an_object_type_is_seen(descr: object) -> None:
    assert np.lib.format.descr_to_dtype(descr).hasobject
    assert read(npy_with(npy_header(descr), b"\x80\x04N.")).objects


@pytest.mark.parametrize(
    "descr", [[("Offset", "<f4")], [(("Old title", "x"), "<f4")], "<M8[ns]", "|S4", "<c8", "?"]
)
def test_numbers_are_not_taken_for_objects(descr: object) -> None:
    assert not np.lib.format.descr_to_dtype(descr).hasobject
    assert not read(npy_with(npy_header(descr), b"\0" * 16)).objects


@pytest.mark.parametrize(
    "header",
    [
        "",
        "[]",
        "{'descr': '<f4'",
        "__import__('os')",
        npy_header("<f4", "(-1,)"),
        npy_header("<f4", "4"),
        npy_header("<f4", "('4',)"),
        "{[]: 1}",
        "{{}}",
        npy_header("<f\xb2"),
        npy_header("<f" + "9" * 5000),
        npy_header("<f4", f"({'9' * 4000}, {'9' * 4000})"),
        "-" * 60_000 + "1",
        "(" * 60_000,
    ],
    ids=lambda header: header[:24],
)
def test_a_header_that_is_not_one_is_malformed(header: str) -> None:
    with pytest.raises(MalformedArtifactError):
        read(npy_with(header, b"\0" * 8, 2))


def parts(data: bytes) -> dict[str, bytes]:
    reading = Reading()
    with contextlib.suppress(MalformedArtifactError):
        read_all(MemorySource(data), budget(), reading)
    sources = {p.member: p.open() for p in reading.parts}
    return {member: source.read(0, source.size) for member, source in sources.items()}


@pytest.mark.parametrize(
    "descr",
    ["<f4", "<U3", "<M8[ns]", [("a", "<f4"), ("b", "|S3", (2, 2))], ("<f4", (3,)), ("<f4", 3),
     [("a", [("b", "<c16"), ("", "|V4")])], "|V0", "?"],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("shape", ["()", "(2,)", "(2, 3)", "(0,)"])
def test_the_end_is_where_numpy_stops(descr: object, shape: str) -> None:
    kind = np.lib.format.descr_to_dtype(descr)
    length = kind.itemsize * int(np.prod(ast.literal_eval(shape), dtype=int))
    data = npy_with(npy_header(descr, shape), b"\1" * length)
    assert read(data).end == len(data)
    assert parts(data) == {}
    assert parts(data + bomb()) == {"trailing": bomb()}
    if length:
        with pytest.raises(MalformedArtifactError):
            read(data[:-1])


def test_arrays_behind_each_other_are_all_read(tmp_path: Path) -> None:
    data = VALID["npy"] * 3
    assert scan_bytes(tmp_path, data, name="m.npy").verdict is Verdict.PASS
    assert scan_bytes(tmp_path, data + bomb(), name="m.npy").verdict is Verdict.FAIL
    assert parts(VALID["npy"] + b"\0" * 64) == {}


@pytest.mark.parametrize(
    "header",
    [
        npy_header("|O", "(-1,)"),
        npy_header("|O", "(1L,)"),
        " " * 70_000 + npy_header("|O"),
        npy_header("|O") + "#" * 70_000,
        "no header at all",
    ],
    ids=lambda header: header[-24:],
)
def test_no_header_hides_the_pickle_behind_it(tmp_path: Path, header: str) -> None:
    data = npy_with(header, bomb(), 2)
    assert parts(data) == {"objects": bomb()}
    assert scan_bytes(tmp_path, data, name="m.npy").verdict is Verdict.FAIL


def test_a_header_of_python_2_is_read() -> None:
    assert read(npy_with(npy_header("<f4", "(2L, 1L)"), b"\0" * 8)).shape == (2, 1)


def test_reading_an_odd_header_warns_nobody() -> None:
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        with pytest.raises(MalformedArtifactError):
            read(npy_with(r"{'descr': '\q'}"))
    assert not heard


def test_a_long_header_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="npy header of 70000 bytes"):
        read(npy_with("#" * 70_000, b"", 2))


def test_arrays_count_as_entries() -> None:
    with pytest.raises(LimitExceededError, match="entries"):
        read_header(MemorySource(VALID["npy"]), budget(entries=0))


def test_an_array_cut_short_anywhere_is_malformed() -> None:
    for data in prefixes(VALID["npy"]):
        with pytest.raises(MalformedArtifactError):
            read(data)


@pytest.mark.parametrize("data", [b"", b"\x93NUMPX\1\0", b"\x93NUMPY\4\0" + b"\0" * 9])
def test_other_bytes_are_no_array(data: bytes) -> None:
    assert looks_like(MemorySource(data)) == data.startswith(b"\x93NUMPY")
    with pytest.raises(MalformedArtifactError):
        read(data)


@given(st.binary(max_size=200).map(b"\x93NUMPY".__add__) | mutants("npy"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        header = read(data)
    except ModelkeepError:
        return
    assert header.data <= len(data)
