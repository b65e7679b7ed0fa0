"""What flows between the nodes of one graph."""

from __future__ import annotations

import pytest

from modelkeep.core import LimitExceededError
from modelkeep.formats import tensorflow_scope
from modelkeep.formats.tensorflow_scope import NodeFacts, Scope
from samples import budget


def test_control_inputs_are_no_data_and_empty_ends_are_cut() -> None:
    scope = Scope("f")
    scope.add(NodeFacts("Const", "c", constants=["x"]), budget())
    scope.add(NodeFacts("Save", "s", inputs=["^c", "c:0", "unknown"]), budget())
    _, save = scope.operations()
    assert (save.inputs, save.scope) == ((("x",),), "f")


def test_what_the_loader_gives_replaces_the_constant() -> None:
    scope = Scope("", frozenset({"asset"}))
    scope.add(NodeFacts("Const", "asset", constants=["/home/someone/vocab.txt"]), budget())
    scope.add(NodeFacts("InitializeTableFromTextFileV2", "t", inputs=["h", "asset"]), budget())
    assert [operation.inputs for operation in scope.operations()] == [(), ()]


def test_a_chain_longer_than_any_real_one_is_not_followed() -> None:
    scope = Scope("")
    scope.add(NodeFacts("Const", "n0", constants=["x"]), budget())
    for index in range(5000):
        node = NodeFacts("Identity", f"n{index + 1}", inputs=[f"n{index}"])
        scope.add(node, budget())
    *_, last = scope.operations()
    assert last.node == "n5000"


def test_a_graph_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tensorflow_scope, "_MOST_NODES", 2)
    scope = Scope("")
    scope.add(NodeFacts("A", "n"), budget())
    scope.add(NodeFacts("A", "n"), budget())
    with pytest.raises(LimitExceededError, match="more than 2 nodes"):
        scope.add(NodeFacts("A", "m"), budget())
