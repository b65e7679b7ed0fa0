"""A Caffe network as text (``.prototxt``).

Source: caffe/src/caffe/proto/caffe.proto (NetParameter, LayerParameter).
"""

from __future__ import annotations

from typing import Final

from modelkeep.formats.caffe_model import CaffeLayer, CaffeNetwork
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf_text import FIRST, Message, parse, top_keys


def looks_like(source: Source) -> bool:
    """Whether layers are among the outermost fields."""
    keys = top_keys(source)
    return keys.get("layer") in ("{", "<", "[", ":") or keys.get("layers") in ("{", "<", "[")


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``CaffeNetwork``."""
    network = CaffeNetwork()
    reading.document = network
    message = Message()
    try:
        parse(source, budget, message)
    finally:  # what was found before an error must stay
        for layer in (*message.messages("layer"), *message.messages("layers")):
            python = next(layer.messages("python_param"), Message())
            network.layers.append(
                CaffeLayer(
                    layer.text("name"),
                    layer.text("type"),
                    layer.offset,
                    python.text("module"),
                    python.text("layer"),
                )
            )


FORMAT: Final = Format("caffe text", looks_like, read, first=FIRST)
