"""A Caffe network with its weights (``.caffemodel``), read for its layers.

Source: caffe/src/caffe/proto/caffe.proto (NetParameter, LayerParameter, PythonParameter).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.protobuf import FIRST, fields, outline

_NAME: Final = re.compile(r"[A-Z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class CaffeLayer:
    """One layer; ``module`` and ``layer`` are what a Python layer imports."""

    name: str
    kind: str
    offset: int = 0
    module: str = ""
    layer: str = ""


@dataclass(slots=True)
class CaffeNetwork:
    """The layers of a network, in file order."""

    layers: list[CaffeLayer] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether field 100 is a layer with a name and a type."""
    seen = outline(source)
    layer = next(seen.bodies(100), None)
    return seen.cut_short == 100 if layer is None else _is_layer(layer)


def _is_layer(body: Source) -> bool:
    try:
        for count, found in enumerate(fields(body)):
            if found.number == 2 and found.body is not None:
                return _NAME.fullmatch(found.text(128)) is not None
            if count > 64:
                break
    except MalformedArtifactError:
        pass
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``CaffeNetwork``."""
    network = CaffeNetwork()
    reading.document = network
    for found in fields(source, budget):
        if found.number == 100 and found.body is not None:
            budget.entry()
            network.layers.append(_layer(found.body, found.offset, budget))


def _layer(body: Source, offset: int, budget: Budget) -> CaffeLayer:
    name = kind = module = layer = ""
    for found in fields(body, budget):
        if found.body is None:
            continue
        if found.number == 1:
            name = found.text(256)
        elif found.number == 2:
            kind = found.text(256)
        elif found.number == 130:
            texts = {f.number: f.text(256) for f in fields(found.body, budget) if f.body}
            module, layer = texts.get(1, module), texts.get(2, layer)
    return CaffeLayer(name, kind, offset, module, layer)


FORMAT: Final = Format("caffe model", looks_like, read, first=FIRST)
