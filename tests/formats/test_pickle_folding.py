"""Folded calls give what Python gives, or nothing; they never raise and never grow wild."""

from __future__ import annotations

import base64
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.formats.pickle_events import Import
from modelkeep.formats.pickle_folding import MOST, NAMES, TEXT, fold

constants = st.recursive(
    st.none() | st.integers() | st.text(max_size=20) | st.binary(max_size=20),
    lambda leaf: st.lists(leaf, max_size=3) | st.tuples(leaf, leaf),
    max_leaves=6,
)


@given(st.sampled_from(sorted({*TEXT, *NAMES})), st.lists(constants, max_size=3))
def test_any_call_is_folded_or_left_alone(dotted: str, arguments: list[object]) -> None:
    found = fold(dotted, tuple(arguments))
    assert found is None or isinstance(found, str | bytes | int | list | tuple | Import)


@given(st.binary())
def test_what_base64_and_zlib_hide_is_found(data: bytes) -> None:
    assert fold("base64.b64decode", (base64.b64encode(data),)) == data
    assert fold("zlib.decompress", (zlib.compress(data),)) == data


@pytest.mark.parametrize(
    ("dotted", "arguments", "expected"),
    [
        ("builtins.bytes", ([111, 115],), b"os"),
        ("builtins.bytes.fromhex", ("6f73",), b"os"),
        ("builtins.map", (Import("builtins", "chr", 0, "GLOBAL"), [111, 115]), ["o", "s"]),
        ("builtins.reversed", ("so",), "os"),
        ("codecs.decode", ("6f73", "hex"), b"os"),
        ("urllib.parse.unquote", ("%6fs",), "os"),
    ],
)
def test_calls_that_build_text(
    dotted: str, arguments: tuple[object, ...], expected: object
) -> None:
    assert fold(dotted, arguments) == expected


def test_a_bomb_is_not_unpacked() -> None:
    found = fold("zlib.decompress", (zlib.compress(b"\0" * (MOST * 4)),))
    assert found is None or len(found) <= MOST  # type: ignore[arg-type]


def test_calls_that_do_more_than_build_text_are_not_folded() -> None:
    assert fold("os.system", ("true",)) is None
