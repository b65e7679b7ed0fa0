"""The one shape of nested documents: nothing in it is skipped."""

from __future__ import annotations

import tracemalloc

from modelkeep.formats.tree import Tree


def test_every_value_is_visited_with_its_path() -> None:
    tree = Tree({"a": [1, {"b": None}], "c": "x"})
    assert dict(tree.walk()) == {
        (): tree.value,
        ("a",): [1, {"b": None}],
        ("a", 0): 1,
        ("a", 1): {"b": None},
        ("a", 1, "b"): None,
        ("c",): "x",
    }


def test_values_that_a_later_key_replaced_are_visited_too() -> None:
    tree = Tree({"a": 1}, hidden=[("a", {"b": 2})])
    assert list(tree.mappings()) == [((), {"a": 1}), (("a",), {"b": 2})]
    assert (("a", "b"), 2) in list(tree.walk())


def test_a_wide_document_deep_down_is_walked_in_little_memory() -> None:
    value: object = [0] * 100_000
    for _ in range(200):
        value = [value]
    tracemalloc.start()
    assert sum(1 for _ in Tree(value).walk()) == 100_201
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2**20


def test_deep_documents_do_not_exhaust_the_stack() -> None:
    value: object = 0
    for _ in range(100_000):
        value = [value]
    deepest = max(len(path) for path, _ in _first(Tree(value), 3))
    assert deepest == 2


def _first(tree: Tree, count: int) -> list[tuple[tuple[str | int, ...], object]]:
    return [item for item, _ in zip(tree.walk(), range(count), strict=False)]
