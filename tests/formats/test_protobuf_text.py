"""Protobuf as text: every field, every escape, never too deep."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.formats.protobuf_text import Message, parse, top_keys, unquote
from samples import VALID, budget, damage, prefixes

TEXT = b"""# a comment
name: "a" 'b'
node { op: "Const" attr: { key: "value" n: -1.5e3 f: [1, 2] } }
node < op: "Relu" >, empty {} [some.ext]: true; list: [{x: 1}, {x: 2}] inf: -inf
"""


def read(data: bytes) -> Message:
    message = Message()
    parse(MemorySource(data), budget(), message)
    return message


def test_every_field_is_read() -> None:
    message = read(TEXT)
    assert message.text("name") == "ab"
    assert [node.text("op") for node in message.messages("node")] == ["Const", "Relu"]
    (attribute,) = message.messages("node", "attr")
    assert (attribute.texts("f"), attribute.text("n")) == (["1", "2"], "-1.5e3")
    assert [item.text("x") for item in message.messages("list")] == ["1", "2"]
    assert message.text("some.ext") == "true"
    assert [m.fields for m in message.messages("empty")] == [[]]


def test_the_offset_is_where_a_message_opens() -> None:
    node = next(read(TEXT).messages("node"))
    assert TEXT[node.offset : node.offset + 6] == b"{ op: "


@pytest.mark.parametrize(
    ("quoted", "text"),
    [
        (r'"\x2fetc"', "/etc"),
        (r'"\057etc"', "/etc"),
        (r"'\u002fetc'", "/etc"),
        (r'"a\"b\n"', 'a"b\n'),
        (r'"\xzz"', "xzz"),
        (r'"\\x41"', "\\x41"),
    ],
)
def test_escapes_are_undone(quoted: str, text: str) -> None:
    assert unquote(quoted) == text


@pytest.mark.parametrize(
    "data", [b"a {", b"}", b"a: }", b"a: [1", b"1: 2", b"a", b'a: "x', b"a: [{]", b"[a", b"@"]
)
def test_broken_text_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedArtifactError):
        read(data)


def test_text_is_bounded() -> None:
    with pytest.raises(LimitExceededError, match="deeper"):
        read(b"a {" * 70 + b"}" * 70)
    with pytest.raises(LimitExceededError):
        parse(MemorySource(b"a: 1 " * 5000), budget(operations=5000), Message())
    with pytest.raises(LimitExceededError):
        parse(MemorySource(TEXT), budget(header_bytes=9), Message())


def test_what_was_read_before_the_break_is_kept() -> None:
    message = Message()
    with pytest.raises(MalformedArtifactError):
        parse(MemorySource(b'node { op: "A" } node { op: "B" @'), budget(), message)
    assert [node.text("op") for node in message.messages("node")] == ["A", "B"]


def test_the_outermost_fields_are_named() -> None:
    marks = {"name": ":", "node": "{", "empty": "{", "list": ":", "inf": ":"}
    assert top_keys(MemorySource(TEXT)) == marks
    assert top_keys(MemorySource(TEXT + b"node { x: 1 }\n" * 9000))["node"] == "{"


@pytest.mark.parametrize(
    "data",
    [
        b"# Model card\nSome words.\n",
        b"import os\nprint(os)\n",
        b"name: my model\nversion: 1\n",
        b"name,value\n1,2\n",
        b"def f(x):\n    return x\n",
        b"<html><body>",
        b"node \0",
        *VALID.values(),
    ],
)
def test_other_text_has_none(data: bytes) -> None:
    assert top_keys(MemorySource(data)) in ({}, {"name": ":"})


_EDITS = st.lists(
    st.tuples(st.integers(0, 250), st.integers(0, 9), st.binary(max_size=6)), max_size=4
)


@given(
    st.binary(max_size=60)
    | st.text(alphabet="a1:{}[]<>\"'\\\n ", max_size=60).map(str.encode)
    | st.sampled_from(prefixes(TEXT))
    | st.builds(damage, st.just(TEXT), _EDITS)
)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    top_keys(MemorySource(data))
    try:
        read(data)
    except ModelkeepError:
        return
