"""``keras_metadata.pb`` of a SavedModel: JSON configurations of its Keras objects.

Each is handed out as a part and read as the JSON that it is.

Source: keras/protobuf/saved_metadata.proto.
"""

from __future__ import annotations

from typing import Final

from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf import FIRST, fields, outline
from modelkeep.formats.tensorflow_meta_graph import hand_out_metadata


def looks_like(source: Source) -> bool:
    """Whether field 1 is an object with a Keras identifier (4) or JSON metadata (5)."""
    return any(map(_is_object, outline(source).bodies(1)))


def _is_object(body: Source) -> bool:
    has_path = False
    for found in outline(body).fields:
        if found.body is None:
            continue
        has_path = has_path or (found.number == 3 and found.text(4) == "root")
        if found.number == 4 and found.text(32).startswith("_tf_keras_"):
            return True
        if found.number == 5 and has_path and found.body.read(0, 1) == b"{":
            return True
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """There is no document; every configuration is a part."""
    for found in fields(source, budget):
        if found.number == 1 and found.body is not None:
            hand_out_metadata(found.body, 5, budget, reading)


FORMAT: Final = Format("keras metadata", looks_like, read, first=FIRST)
