"""JSON: depth is bounded before parsing, and no text is slow to refuse."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, json_text, sniff
from modelkeep.formats.json_text import check_depth, looks_like, read
from modelkeep.formats.tree import Tree
from samples import VALID, bomb, budget, mutants, prefixes, scan_bytes

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
    with pytest.raises(LimitExceededError, match="deeper than 256"):
        read(MemorySource(opening * 100_000), budget(), Reading())


def test_a_document_too_long_is_not_parsed() -> None:
    with pytest.raises(LimitExceededError, match="13 bytes"):
        read(MemorySource(b'{"a": "12345"'), budget(member_bytes=12), Reading())


@pytest.mark.parametrize("text", [b"", b"{", b'{"a": }', b'{"a": "\xff"}', b"[1} [2]", b"nul"])
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
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


@pytest.mark.parametrize("head", [b" \r\n\t{}", b"[1]", b"{"])
def test_text_that_opens_an_object_or_array_looks_like_json(head: bytes) -> None:
    assert looks_like(MemorySource(head))


@pytest.mark.parametrize(
    "head",
    [
        *(b"", b'"a"', b"1", b"{\0", b"\xff{", b"[\0", b"{{ bos_token }}", b"{% if a %}"),
        *(b"[train]\nlr = 1\n", b"[[tool.x]]\na = 1", b"[link](https://x)", b"[1] Author"),
        *(b"{'a': 1}", b"[INST] hello", b"[![badge](a)](b)", b"[2024-01-01] started"),
    ],
)
def test_other_bytes_do_not_look_like_json(head: bytes) -> None:
    assert not looks_like(MemorySource(head))


@pytest.mark.parametrize(
    "head",
    [
        *(b"[ 1, 2]", b"[[[0.5, 1]]]", b'[\n  {"a": 1}]', b"[]", b"{}\n{}", b'["a", "b"]'),
        *(b"[true]", b"[null,", b'{ // note\n"a": 1}', b"\xef\xbb\xbf{}", b'["' + b"x" * 9000),
    ],
)
def test_documents_of_every_kind_look_like_json(head: bytes) -> None:
    assert looks_like(MemorySource(head))


@given(st.binary(max_size=200) | mutants("json"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    source = MemorySource(data)
    looks_like(source)
    reading = Reading()
    try:
        read(source, budget(), reading)
    except ModelkeepError:
        return
    assert isinstance(reading.document, Tree)


@given(values)
def test_what_the_parser_reads_is_what_json_reads(value: object) -> None:
    assert tree_of(json.dumps(value).encode()) == value


def tree_of(data: bytes) -> object:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    assert isinstance(reading.document, Tree)
    return reading.document.value


def test_no_value_of_a_key_given_twice_is_lost() -> None:
    reading = Reading()
    read(MemorySource(b'{"a": 1, "b": {"c": 2, "c": 3}, "a": 4}'), budget(), reading)
    assert reading.document == Tree({"a": 4, "b": {"c": 3}}, hidden=[("c", 2), ("a", 1)])
    assert [sentence for _, sentence in reading.lies] == [
        "key 'c' stands twice in one object",
        "key 'a' stands twice in one object",
    ]


def test_a_key_given_twice_with_one_value_is_no_contradiction() -> None:
    reading = Reading()
    read(MemorySource(b'{"a": [1], "a": [1]}'), budget(), reading)
    assert (reading.document, reading.lies) == (Tree({"a": [1]}), [])


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le"],
)
def test_every_encoding_that_python_accepts_is_read(encoding: str) -> None:
    data = '{"class_name": "Lambda"}'.encode(encoding)
    assert json.loads(data) == tree_of(data)
    assert "json" in sniff(MemorySource(data))


def test_escapes_in_keys_are_undone() -> None:
    assert tree_of(rb'{"class\u005fname": "\u004cambda"}') == {"class_name": "Lambda"}


def test_documents_one_behind_another_become_a_list() -> None:
    assert tree_of(b'{"a": 1}\n{"a": 2}\n') == [{"a": 1}, {"a": 2}]


def test_comments_and_trailing_commas_hide_nothing() -> None:
    text = b'// c\n{"a": 1, /* } */ "b": [1, 2,], // ]\n}'
    assert tree_of(text) == {"a": 1, "b": [1, 2]}


def test_bytes_behind_the_document_are_handed_out() -> None:
    reading = Reading()
    with pytest.raises(MalformedArtifactError):
        read(MemorySource(b'{"a": 1}\n' + bomb()), budget(), reading)
    assert reading.document == Tree({"a": 1})
    (rest,) = reading.parts
    assert rest.open().read(0, 100) == b"\n" + bomb()


def test_a_number_of_very_many_digits_stays_text() -> None:
    digits = "9" * 100_000
    assert tree_of(f'{{"n": {digits}, "m": 12}}'.encode()) == {"n": digits, "m": 12}


def test_texts_that_are_pickles_archives_or_configurations_become_parts() -> None:
    packed = base64.b64encode(bomb()).decode()
    inner = '{"class_name": "Lambda"}'
    document = {"a": {":serialized:": packed}, "b": [packed], "c": inner, "d": "gA is plain"}
    reading = Reading()
    read(MemorySource(json.dumps(document).encode()), budget(), reading)
    found = {p.member: p.open().read(0, 1000) for p in reading.parts}
    assert found == {"a.:serialized:": bomb(), "b.0": bomb(), "c": inner.encode()}


def test_a_text_named_json_that_is_none_is_not_clean(tmp_path: Path) -> None:
    assert scan_bytes(tmp_path, b"hello", name="a.json").verdict is Verdict.INCONCLUSIVE
    assert scan_bytes(tmp_path, b'"hello"', name="b.json").verdict is Verdict.PASS


def test_a_document_whose_tree_would_be_huge_is_walked_and_still_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(json_text, "_PARSED_BYTES", 1000)
    text = b"[" + b"{}, 1.5, " * 9000 + b'{"class_name": "Lambda"}, 1.5]'
    found = tree_of(text)
    assert isinstance(found, list)
    assert found[-1] == {"class_name": "Lambda"}
    assert len(found) < 15_000
