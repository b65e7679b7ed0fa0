"""JSON token by token: the same tree as Python's parser, at a fraction of its memory."""

from __future__ import annotations

import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats.json_walk import number, walk
from samples import budget, mutants

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
    max_leaves=12,
)


def value_of(text: str | bytes) -> object:
    raw = text if isinstance(text, bytes) else text.encode()
    return walk(raw, budget(), depth=64).value


@given(values, st.booleans(), st.none() | st.integers(0, 3))
def test_the_walk_reads_what_json_writes(
    value: object, ascii_only: bool, indent: int | None
) -> None:
    assert value_of(json.dumps(value, ensure_ascii=ascii_only, indent=indent)) == value


@given(mutants("json") | st.text(alphabet='{}[],:"1a \\/*').map(str.encode))
def test_what_json_accepts_the_walk_accepts(data: bytes) -> None:
    try:
        found = value_of(data)
    except ModelkeepError:
        with pytest.raises(ValueError, match=r".*"):
            json.loads(data)
        return
    try:
        strict = json.loads(data)
    except ValueError:
        return
    assert found == strict


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "{", "[1", '{"a"}', '{"a":}', '{"a" 1}', "{1: 2}", "[1}", '{"a":1]', "]"),
        *('{"a":1}x', "[/* open", '"a', "[1.2.3]", "{true}", ":", '{"a"::1}', '{"a",1}'),
    ],
)
def test_broken_text_is_malformed(text: str) -> None:
    with pytest.raises(MalformedArtifactError, match="not valid JSON"):
        value_of(text)


def test_numbers_beyond_the_first_thousands_are_dropped_and_texts_are_not() -> None:
    found = value_of("[" + "1," * 50_000 + '"end", 7]')
    assert isinstance(found, list)
    assert found[-1] == "end"
    assert len(found) < 5000
    pairs = value_of("{" + "".join(f'"k{i}": {i}, ' for i in range(9000)) + '"end": "x"}')
    assert isinstance(pairs, dict)
    assert (pairs["k1"], pairs["end"], len(pairs) < 5000) == (1, "x", True)


def test_memory_of_a_long_document_is_bounded() -> None:
    text = b"[" + b"1.5," * 2_000_000 + b"0]"
    tracemalloc.start()
    walk(text, budget(), depth=8)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 4 * 2**20


def test_more_text_than_is_kept_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="more text"):
        walk(b'["' + b'","'.join([b"x" * 90] * 100) + b'"]', budget(), depth=8, room=1000)


def test_nesting_is_a_limit() -> None:
    with pytest.raises(LimitExceededError, match="deeper than 4"):
        walk(b"[[[[[1]]]]]", budget(), depth=4)


def test_a_key_given_twice_keeps_its_first_value() -> None:
    assert walk(b'{"a": "x", "a": "y"}', budget(), depth=4).hidden == [("a", "x")]


@pytest.mark.parametrize(("text", "value"), [("12", 12), ("1e2", 100.0), ("-0", 0)])
def test_numbers_are_numbers(text: str, value: float) -> None:
    assert number(text) == value


def test_digits_beyond_measure_stay_text() -> None:
    assert number("9" * 5000) == "9" * 5000
