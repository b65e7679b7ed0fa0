"""JSON: depth is bounded before parsing, and no text is slow to refuse."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.json_text import check_depth, looks_like, read
from modelkeep.formats.tree import Tree
from samples import VALID, budget, mutants, prefixes

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
    max_leaves=8,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), values), st.booleans())
def test_what_json_writes_is_recognised_and_whole(
    value: dict[str, object], ascii_only: bool
) -> None:
    source = MemorySource(json.dumps(value, ensure_ascii=ascii_only).encode())
    assert looks_like(source)
    read(source, budget(), Reading())


def test_depth_counts_brackets_but_not_those_in_strings() -> None:
    check_depth(b'[{"a": [1]}, [[2]]]', 3)
    check_depth(rb'["[[[[", "\"[[[[", {"{{{": 1}]', 2)
    with pytest.raises(LimitExceededError, match="deeper than 2"):
        check_depth(b'[{"a": [1]}]', 2)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_a_document_too_deep_is_a_limit_not_a_crash(opening: bytes) -> None:
    with pytest.raises(LimitExceededError, match="deeper than 64"):
        read(MemorySource(opening * 100_000), budget(), Reading())


def test_a_document_too_long_is_not_parsed() -> None:
    with pytest.raises(LimitExceededError, match="13 bytes"):
        read(MemorySource(b'{"a": "12345"'), budget(member_bytes=12), Reading())


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": }', b'{"a": "\xff"}', b"[1] [2]", b"nul"])
def test_what_is_no_json_is_malformed(text: bytes) -> None:
    with pytest.raises(MalformedArtifactError, match="not valid JSON"):
        read(MemorySource(text), budget(), Reading())


def test_a_document_cut_short_anywhere_is_malformed() -> None:
    for text in prefixes(VALID["json"]):
        with pytest.raises(MalformedArtifactError):
            read(MemorySource(text), budget(), Reading())


def test_a_string_that_never_ends_costs_no_more_than_its_length() -> None:
    start = time.process_time()
    check_depth(b'{"' + b'\\"' * 10_000, 64)
    assert time.process_time() - start < 0.2


@pytest.mark.parametrize("head", [b" \r\n\t{}", b"[1]", b"{"])
def test_text_that_opens_an_object_or_array_looks_like_json(head: bytes) -> None:
    assert looks_like(MemorySource(head))


@pytest.mark.parametrize("head", [b"", b'"a"', b"1", b"{\0", b"\xff{"])
def test_other_bytes_do_not_look_like_json(head: bytes) -> None:
    assert not looks_like(MemorySource(head))


@given(st.binary(max_size=200) | mutants("json"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    source = MemorySource(data)
    looks_like(source)
    try:
        read(source, budget(), Reading())
    except ModelkeepError:
        return
    json.loads(data)


def test_no_value_of_a_key_given_twice_is_lost() -> None:
    reading = Reading()
    read(MemorySource(b'{"a": 1, "b": {"c": 2, "c": 3}, "a": 4}'), budget(), reading)
    assert reading.document == Tree({"a": 4, "b": {"c": 3}}, hidden=[("c", 2), ("a", 1)])
    assert [sentence for _, sentence in reading.lies] == [
        "key 'c' stands twice in one object",
        "key 'a' stands twice in one object",
    ]
