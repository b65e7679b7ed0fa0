"""Equal tables have equal digests however they are laid out; different ones differ."""

from __future__ import annotations

import datetime as dt
import decimal
import math
import struct

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import InputError
from modelkeep.data.canonical import digest_column, merkle_root, type_name
from modelkeep.data.cells import Cells
from modelkeep.data.row_tags import Tagger

VALUES = {
    "int64": st.none() | st.integers(-(2**63), 2**63 - 1),
    "uint8": st.none() | st.integers(0, 255),
    "float64": st.none() | st.floats(),
    "float32": st.none() | st.floats(width=32),
    "bool": st.none() | st.booleans(),
    "string": st.none() | st.text(max_size=9),
    "binary": st.none() | st.binary(max_size=9),
    "list": st.none() | st.lists(st.none() | st.integers(-9, 9), max_size=3),
    "struct": st.none() | st.fixed_dictionaries({"a": st.none() | st.text(max_size=2)}),
}
TYPES = {
    "int64": pa.int64(),
    "uint8": pa.uint8(),
    "float64": pa.float64(),
    "float32": pa.float32(),
    "bool": pa.bool_(),
    "string": pa.string(),
    "binary": pa.binary(),
    "list": pa.list_(pa.int64()),
    "struct": pa.struct([("a", pa.string())]),
}
ENCODED = ["int64", "float64", "string", "binary"]


def digest(array: pa.Array) -> str:
    return digest_column(Cells(array))


def words(array: pa.Array) -> list[int]:
    tags = Tagger(b"k" * 32).words("c", Cells(array)).tolist()
    assert isinstance(tags, list)
    return tags


@pytest.mark.parametrize("name", TYPES)
@settings(deadline=None)  # the first example waits for imports
@given(data=st.data(), before=st.integers(0, 9), after=st.integers(0, 9))
def test_slice_has_the_digest_of_a_fresh_array(
    name: str, data: st.DataObject, before: int, after: int
) -> None:
    values = data.draw(st.lists(VALUES[name], max_size=20))
    padding = data.draw(st.lists(VALUES[name], min_size=1, max_size=1))
    whole = pa.array(padding * before + values + padding * after, TYPES[name])
    part = whole.slice(before, len(values))
    fresh = pa.array(values, TYPES[name])
    assert digest(part) == digest(fresh)
    assert words(part) == words(fresh)


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data(), cut=st.integers(0, 20))
def test_chunks_do_not_matter(name: str, data: st.DataObject, cut: int) -> None:
    values = data.draw(st.lists(VALUES[name], max_size=20))
    parts = [pa.array(part, TYPES[name]) for part in (values[:cut], values[cut:])]
    joined = pa.concat_arrays(parts)
    assert digest(joined) == digest(pa.array(values, TYPES[name]))


@pytest.mark.parametrize("name", ENCODED)
@given(data=st.data(), before=st.integers(0, 3))
def test_dictionary_does_not_matter(name: str, data: st.DataObject, before: int) -> None:
    values = data.draw(st.lists(VALUES[name], max_size=20))
    first = data.draw(st.lists(VALUES[name], min_size=before, max_size=before))
    encoded = pa.array(first + values, TYPES[name]).dictionary_encode().slice(before)
    fresh = pa.array(values, TYPES[name])
    assert digest(encoded) == digest(fresh)
    assert words(encoded) == words(fresh)


@given(values=st.lists(st.none() | st.text(max_size=9), max_size=20))
def test_width_of_offsets_does_not_matter(values: list[str | None]) -> None:
    digests = {
        digest(pa.array(values, kind))
        for kind in (pa.string(), pa.large_string(), pa.string_view())
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
def test_other_values_have_other_digests(name: str, data: st.DataObject) -> None:
    lists = st.lists(VALUES[name], max_size=6)
    left, right = data.draw(lists), data.draw(lists)
    same = repr(_normal(left)) == repr(_normal(right))
    arrays = [pa.array(values, TYPES[name]) for values in (left, right)]
    assert (digest(arrays[0]) == digest(arrays[1])) is same


def _normal(values: list[object]) -> list[object]:
    return [0.0 if value == 0 and isinstance(value, float) else value for value in values]


def test_nan_and_zero_have_one_form() -> None:
    other_nan = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000123))[0]
    left = pa.array([math.nan, 0.0])
    right = pa.array([other_nan, -0.0])
    assert math.isnan(right[0].as_py())
    assert digest(left) == digest(right)
    assert words(left) == words(right)


def test_what_lies_under_a_missing_cell_does_not_matter() -> None:
    valid = pa.py_buffer(b"\x05")
    left, right = (
        pa.Array.from_buffers(pa.int64(), 3, [valid, pa.py_buffer(struct.pack("<3q", *cells))])
        for cells in ((1, 2, 3), (1, 99, 3))
    )
    assert digest(left) == digest(right)
    assert words(left) == words(right)


def test_missing_differs_from_zero_and_from_empty() -> None:
    assert digest(pa.array([None], pa.int64())) != digest(pa.array([0]))
    assert digest(pa.array([None], pa.string())) != digest(pa.array([""]))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 1, 2, tzinfo=dt.UTC)),
        (dt.date(2026, 1, 1), dt.date(2026, 1, 2)),
        (dt.time(1, 2), dt.time(1, 3)),
        (dt.timedelta(1), dt.timedelta(2)),
        (decimal.Decimal("1.10"), decimal.Decimal("1.11")),
    ],
)
def test_moments_and_decimals_are_sealed(left: object, right: object) -> None:
    arrays = [pa.array([None, value]) for value in (left, right, left)]
    digests = [digest(array) for array in arrays]
    assert digests[0] == digests[2] != digests[1]
    tags = [words(array) for array in arrays]
    assert tags[0] == tags[2] != tags[1]


def test_types_differ_where_values_look_alike() -> None:
    assert digest(pa.array([1], pa.int32())) != digest(pa.array([1], pa.int64()))


def test_type_without_canonical_form_is_refused() -> None:
    with pytest.raises(InputError, match="cannot be sealed"):
        type_name(pa.map_(pa.string(), pa.int64()))


def test_root_moves_with_every_leaf_their_order_and_their_number() -> None:
    leaves = [f"{n:064x}" for n in range(5)]
    roots = {merkle_root(leaves), merkle_root(leaves[::-1]), merkle_root(leaves[:-1])}
    roots |= {merkle_root([*leaves[:n], "f" * 64, *leaves[n + 1 :]]) for n in range(5)}
    roots.add(merkle_root([]))
    assert len(roots) == 9
