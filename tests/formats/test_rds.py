"""R objects: every piece of language is listed with the functions it calls."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.rds import RObject, read
from r_objects import (
    NIL,
    call,
    closure,
    environment,
    number,
    promise,
    rds,
    reals,
    strings,
    symbol,
    vector,
)
from samples import budget, prefixes

MODEL = rds(vector(reals(1.5, 2.5), strings("a", "b"), call("lm", symbol("y"))), 3)


def language(data: bytes) -> list[tuple[str, tuple[str, ...], bool]]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, RObject)
    return [(piece.kind, piece.calls, piece.bound) for piece in reading.document.language]


def test_values_hold_no_language() -> None:
    assert language(rds(vector(reals(1.0), strings("x")))) == []
    assert sniff(MemorySource(MODEL)) == ("rds",)


def test_calls_in_calls_are_one_piece() -> None:
    nested = call("f", call("g", symbol("x")), call("system", strings("true")))
    assert language(rds(nested)) == [("call", ("f", "g", "system"), False)]


def test_promises_and_closures_name_what_they_call() -> None:
    data = rds(vector(promise(call("system", strings("true"))), closure(call("print", NIL))))
    assert language(data) == [
        ("promise", ("system",), False),
        ("closure", ("print",), False),
    ]


def test_what_lies_in_the_frame_of_an_environment_is_bound() -> None:
    cell = number(2 | 0x400) + symbol("x") + promise(call("c", NIL)) + NIL
    assert language(rds(environment(cell))) == [("promise", ("c",), True)]


def test_symbols_used_again_are_references() -> None:
    again = number(6) + number(255 | 1 << 8) + NIL
    assert language(rds(vector(call("system", NIL), again))) == [
        ("call", ("system",), False),
        ("call", ("system",), False),
    ]


@pytest.mark.parametrize("data", [MODEL, rds(promise(call("f", NIL)))])
def test_an_object_cut_short_anywhere_is_malformed(data: bytes) -> None:
    for cut_short in prefixes(data):
        with pytest.raises(MalformedArtifactError):
            language(cut_short)


def test_nesting_is_bounded_and_long_lists_are_not_nested() -> None:
    with pytest.raises(LimitExceededError, match="deeper"):
        language(rds((number(19) + number(1)) * 5000))
    assert language(rds((number(2) + NIL) * 5000 + NIL)) == []


def as_text(data: bytes) -> bytes:
    """The XDR form of ``MODEL`` rewritten as words; enough of the format for this test."""
    return (
        b"A\n2\n262657\n131840\n19\n3\n14\n2\n1.5\nNA\n16\n1\n262153\n4\na\\040\\n\\n\n"
        b"6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n4\ntrue\n254\n"
    ) + data


def test_the_text_form_is_read_like_the_binary_one() -> None:
    data = as_text(b"")
    assert language(data) == [("call", ("system",), False)]
    assert sniff(MemorySource(data)) == ("rds",)
    for cut_short in prefixes(data)[10:-3]:
        with pytest.raises(MalformedArtifactError):
            language(cut_short)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for content in (data, rds(data), as_text(data), b"A\n2\n" + data):
        with contextlib.suppress(ModelkeepError):
            language(content)


def test_a_closure_cut_short_within_a_call_keeps_what_the_call_names() -> None:
    data = rds(call("system", closure(call("print", NIL))))
    for text in prefixes(data):
        reading = Reading()
        with contextlib.suppress(ModelkeepError):
            read(MemorySource(text), budget(), reading)
    assert ("call", ("system", "print"), False) in language(data)
