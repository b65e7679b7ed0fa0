"""What Keras really writes: no rule but the one for custom code has anything to say.

``keras_configs.jsonl.xz`` holds 319 models as ``to_json()`` of Keras 3.15 wrote them, over
PyTorch and TensorFlow: every layer, optimizer, loss, metric, initializer, regularizer,
constraint and activation that can be made without data, functional, nested and custom ones.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path

import pytest

from modelkeep.core import Severity
from modelkeep.formats.tree import Tree
from modelkeep.scan import BUILT_IN
from modelkeep.scan.keras_objects import KerasObject, keras_objects
from samples import found_by, zip_of

SAVES = Path(__file__).parent / "keras_configs.jsonl.xz"
MODELS = [json.loads(line) for line in lzma.decompress(SAVES.read_bytes()).splitlines()]


def test_real_models_raise_no_alarm() -> None:
    assert len(MODELS) == 319
    loud = {}
    for model in MODELS:
        data = zip_of({"config.json": json.dumps(model["config"]).encode()})
        found = [f for detector in BUILT_IN for f in found_by(detector, data, name="m.keras")]
        if found and not model["name"].startswith("custom"):
            loud[model["name"]] = [f.message for f in found]
        assert all(f.severity is Severity.INFO for f in found), model["name"]
    assert loud == {}


@pytest.mark.parametrize("model", MODELS[:: len(MODELS) // 8], ids=lambda m: m["name"])
def test_the_objects_of_a_real_model_are_found(model: dict[str, object]) -> None:
    names = {found.class_name for found in keras_objects(Tree(model["config"]))}
    assert {"Sequential", "Functional"} & names
    assert len(names) > 2


def test_an_object_is_read_whole() -> None:
    document = {"a": [{"module": "m", "class_name": " X ", "config": {"k": 1}}]}
    (found,) = keras_objects(Tree(document))
    assert found == KerasObject(("a", 0), "X", "m", "", {"k": 1})
    assert (found.name, found.place, found.setting("k")) == ("X", "a.0", 1)


def test_a_function_is_named_by_its_config() -> None:
    document = {"class_name": "function", "config": "relu", "registered_name": "function"}
    (found,) = keras_objects(Tree(document))
    assert (found.is_function, found.name) == (True, "relu")


@pytest.mark.parametrize("document", [{"class_name": "x"}, {"class_name": 1, "config": {}}, []])
def test_other_maps_are_no_objects(document: object) -> None:
    assert list(keras_objects(Tree(document))) == []
    assert list(keras_objects(document)) == []
