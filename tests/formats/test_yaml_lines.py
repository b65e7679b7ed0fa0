"""YAML with lines: every node knows its own, aliases and merges included, within bounds."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.yaml_lines import Node, read_lines


def one(text: str) -> Node:
    (node,) = read_lines(text.encode())
    return node


def test_nodes_know_their_lines_and_absent_ones_are_false() -> None:
    node = one("a:\n  b: [x,\n    y]\n# note\nc: no\n")
    assert (node.at("a").line, node.at("a", "b").line, node.at("c").line) == (1, 2, 5)
    assert [(item.text, item.line) for item in node.at("a", "b").items] == [("x", 2), ("y", 3)]
    assert node.at("a", "b").texts() == {"x", "y"}
    assert node.at("c").is_false
    assert not node.at("c").is_true
    assert not node.at("a", "nowhere", "deeper")
    assert not node.at("nowhere").is_false


def test_documents_are_kept_apart_and_anchors_do_not_cross_them() -> None:
    first, second = read_lines(b"a: &x 1\nb: *x\n---\na: 2\n")
    assert (first.at("b").text, first.at("b").line) == ("1", 2)
    assert (second.at("a").text, second.at("a").line) == ("2", 4)
    with pytest.raises(MalformedArtifactError, match="line 3: no anchor 'x'"):
        read_lines(b"a: &x 1\n---\nb: *x\n")


def test_merge_keys_give_way_to_what_stands_there() -> None:
    node = one("x: &x {a: 1, b: 2}\ny: &y {b: 4, c: 5}\nz:\n  <<: [*x, *y]\n  a: 3\n")
    assert {key: found.text for key, found in node.at("z").entries.items()} == {
        "a": "3", "b": "2", "c": "5",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\na: 2", "line 2: 'a' stands twice"),
        ("? [a]\n: 1", "a key that is no text"),
        ("a: 'b", "line 1: not valid YAML"),
        ("\x00", "not valid YAML"),
    ],
)
def test_text_that_can_be_read_two_ways_is_an_error(text: str, says: str) -> None:
    with pytest.raises(MalformedArtifactError, match=says):
        one(text)


def test_bombs_end_at_the_limits() -> None:
    with pytest.raises(LimitExceededError, match="deeper than 64"):
        one("[" * 1000)
    with pytest.raises(LimitExceededError):
        one("[" + "a, " * 100_001 + "]")
    names = "{" + ", ".join(f"k{n}: 1" for n in range(5000)) + "}"
    with pytest.raises(LimitExceededError):
        one(f"x: &x {names}\n" + "".join(f"m{n}: {{<<: *x}}\n" for n in range(100)))


@given(st.binary(max_size=200))
def test_any_bytes_are_nodes_or_a_clear_error(data: bytes) -> None:
    with contextlib.suppress(MalformedArtifactError):
        assert all(isinstance(node, Node) for node in read_lines(data))
