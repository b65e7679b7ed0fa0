"""Trees of an ONNX model that is one ``TreeEnsembleClassifier``, read from the protobuf.

Steps behind the trees (casts, ZipMap) do not change which class wins. A step in front of
them would: then the trees compare something else than the row, and are not taken.

Source: ONNX operators, domain ``ai.onnx.ml``, ``TreeEnsembleClassifier``; onnx.proto3.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from typing import Final

import numpy as np

from modelkeep.core import InputError
from modelkeep.formats import MemorySource, Source
from modelkeep.formats.protobuf import fields
from modelkeep.models.trees.ensemble import LEAF, TreeEnsemble, at_most, below, joined

_GRAPH: Final = 7  # fields of the messages, as onnx.proto3 numbers them
_NODE, _GRAPH_INPUT = 1, 11
_INPUT, _OPERATOR, _ATTRIBUTE = 1, 4, 5
_NAME, _FLOATS, _INTS, _STRINGS, _TEXT = 1, 7, 8, 9, 4
_TREES: Final = "TreeEnsembleClassifier"
_COMPARE: Final = {"BRANCH_LEQ": at_most, "BRANCH_LT": below}

Attributes = dict[str, list[float | int | str]]


def read(data: bytes, features: int) -> TreeEnsemble:
    """Read the trees of an ONNX model that ONNX Runtime itself has loaded.

    Args:
        data: the model.
        features: columns of a row.

    Raises:
        InputError: the model is more than trees, or splits in another way.
        MalformedArtifactError: the bytes are no protobuf.
    """
    graph = next((f.body for f in fields(MemorySource(data)) if f.number == _GRAPH), None)
    if graph is None:
        raise InputError("the ONNX model has no graph")
    inputs = {_name(f.body) for f in fields(graph) if f.number == _GRAPH_INPUT and f.body}
    nodes = [f.body for f in fields(graph) if f.number == _NODE and f.body is not None]
    found = [node for node in nodes if _text(node, _OPERATOR) == _TREES]
    if len(found) != 1 or _text(found[0], _INPUT) not in inputs:
        raise InputError("the ONNX model is not one ensemble of trees on its input")
    return _ensemble(_attributes(found[0]), features)


def _text(message: Source, number: int) -> str:
    return next((f.text() for f in fields(message) if f.number == number and f.body), "")


def _name(message: Source) -> str:
    return _text(message, _NAME)


def _attributes(node: Source) -> Attributes:
    return {
        _name(f.body): _values(f.body)
        for f in fields(node)
        if f.number == _ATTRIBUTE and f.body is not None
    }


def _values(attribute: Source) -> list[float | int | str]:
    """An attribute's list; numbers come packed or one by one."""
    values: list[float | int | str] = []
    for found in fields(attribute):
        if found.number == _FLOATS and found.body is not None:
            raw = found.body.read(0, found.body.size)
            values += np.frombuffer(raw, dtype="<f4").tolist()
        elif found.number == _FLOATS:
            values += struct.unpack("<f", struct.pack("<I", found.value))
        elif found.number == _INTS and found.body is not None:
            values += _varints(found.body.read(0, found.body.size))
        elif found.number == _INTS:
            values.append(found.value)
        elif found.number in (_STRINGS, _TEXT):
            values.append(found.text())
    return values


def _varints(raw: bytes) -> list[int]:
    values, value, shift = [], 0, 0
    for byte in raw:
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a varint
            values.append(value)
            value = shift = 0
    return values


def _ensemble(given: Attributes, features: int) -> TreeEnsemble:
    labels = given.get("classlabels_int64s") or given.get("classlabels_strings") or []
    classes = len(labels)
    modes = np.array(given["nodes_modes"])
    other = set(modes.tolist()) - {"LEAF", *_COMPARE}
    if other or classes < 2:  # noqa: PLR2004 - a choice needs two
        raise InputError(f"trees of {classes} classes with splits {sorted(other)}")
    weights = _leaf_weights(given)
    single = len({label for votes in weights.values() for label, _ in votes}) == 1
    by_tree: dict[int, list[int]] = defaultdict(list)
    for place, tree in enumerate(given["nodes_treeids"]):
        by_tree[int(tree)].append(place)
    trees = [_tree(given, places, weights, classes) for places in by_tree.values()]
    start = np.zeros(classes)
    base = np.array(given.get("base_values", []), dtype=float)
    if single and classes == 2:  # noqa: PLR2004 - one score decides between two
        # without a transform the score is the probability, and half of it is the border
        plain = given.get("post_transform", ["NONE"]) == ["NONE"]
        start[1] = base.sum() - (0.5 if plain else 0.0)
    elif len(base):
        start += base
    return joined(trees, start, features)


def _leaf_weights(given: Attributes) -> dict[tuple[int, int], list[tuple[int, float]]]:
    weights: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    columns = ("class_treeids", "class_nodeids", "class_ids", "class_weights")
    for tree, node, label, weight in zip(*(given[name] for name in columns), strict=True):
        weights[int(tree), int(node)].append((int(label), float(weight)))
    return weights


def _tree(
    given: Attributes,
    places: list[int],
    weights: dict[tuple[int, int], list[tuple[int, float]]],
    classes: int,
) -> dict[str, np.ndarray]:
    """One tree, in an order in which children follow their parents."""
    ids = [int(given["nodes_nodeids"][place]) for place in places]
    rank = {node: index for index, node in enumerate(ids)}
    modes = [str(given["nodes_modes"][place]) for place in places]
    leaf = np.array([mode == "LEAF" for mode in modes])

    def children(name: str) -> np.ndarray:
        return np.array(
            [
                0 if end else rank[int(given[name][p])]
                for p, end in zip(places, leaf, strict=True)
            ]
        )

    cut = np.array([float(given["nodes_values"][place]) for place in places])
    strict = np.array([mode == "BRANCH_LT" for mode in modes])
    tree = int(given["nodes_treeids"][places[0]])
    single = {label for votes in weights.values() for label, _ in votes}
    column = 1 if len(single) == 1 and classes == 2 else None  # noqa: PLR2004 - as above
    value = np.zeros((len(places), classes))
    for index, node in enumerate(ids):
        for label, weight in weights.get((tree, node), ()):
            value[index, label if column is None else column] += weight
    columns = np.array([int(given["nodes_featureids"][place]) for place in places])
    return {
        "feature": np.where(leaf, LEAF, columns),
        "threshold": np.where(strict, below(cut), at_most(cut)),
        "left": children("nodes_truenodeids"),
        "right": children("nodes_falsenodeids"),
        "value": value,
    }
