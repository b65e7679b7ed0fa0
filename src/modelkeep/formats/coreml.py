"""A Core ML model (``.mlmodel``): its custom code and the files it names.

Source: coremltools, ``Model.proto``, ``NeuralNetwork.proto``, ``MIL.proto``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError
from modelkeep.formats.interface import Budget, Format, Reading, Slice, Source
from modelkeep.formats.protobuf import FIRST, Field, fields, outline

_PIPELINES: Final = {200: True, 201: True, 202: False}  # whether the pipeline lies one deeper
_NETWORKS: Final = frozenset({303, 403, 500})
_CUSTOM_MODEL, _LINKED, _PROGRAM, _SERIALIZED = 555, 556, 502, 3000
_KINDS: Final = frozenset(
    {*_PIPELINES, *_NETWORKS, _CUSTOM_MODEL, _LINKED, _PROGRAM, _SERIALIZED}
    | {300, 301, 302, 304, 400, 401, 402, 404, 501, 560, 600, 601, 602, 603, 604, 606, 607}
    | {609, 610, 900, 2000, 2001, 2002, 2003, 2004, 2005, 2006}
)
_LAYER, _CUSTOM_LAYER = 1, 500
# From a program down to the values that may lie in files: which fields hold more of what.
_MIL: Final = {
    "program": {2: "functions"},
    "functions": {2: "function"},
    "function": {3: "blocks"},
    "blocks": {2: "block"},
    "block": {3: "operation"},
    "operation": {2: "inputs", 4: "block", 5: "attributes"},
    "inputs": {2: "argument"},
    "argument": {1: "binding"},
    "binding": {2: "value"},
    "attributes": {2: "value"},
    "value": {5: "file"},
}


@dataclass(slots=True)
class CoremlModel:
    """What a model needs besides itself.

    Attributes:
        classes: names of custom layers and models, each ``(name, offset)``.
        files: names of files it opens, each ``(name, offset)``.
    """

    classes: list[tuple[str, int]] = field(default_factory=list)
    files: list[tuple[str, int]] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether a version is followed by a model of a known kind."""
    version = False
    for found in outline(source).fields:
        if found.number == 1 and found.body is None:
            version = 0 < found.value < 100
        elif found.number in _KINDS and found.body is not None and version:
            return True
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``CoremlModel``."""
    model = CoremlModel()
    reading.document = model
    base = source.start if isinstance(source, Slice) else 0
    _Walk(model, budget, base).model(source, 0)


@dataclass(frozen=True, slots=True)
class _Walk:
    found: CoremlModel
    budget: Budget
    base: int

    def model(self, source: Source, depth: int) -> None:
        if depth > self.budget.limits.depth:
            raise LimitExceededError("Core ML pipelines nested too deep")
        for part in fields(source, self.budget):
            if part.body is None:
                continue
            if part.number in _PIPELINES:
                self.pipeline(part.body, depth, deeper=_PIPELINES[part.number])
            elif part.number in _NETWORKS:
                self.network(part.body)
            elif part.number == _CUSTOM_MODEL:
                self.name(part.body, 10, self.found.classes)
            elif part.number == _LINKED:
                self.linked(part.body)
            elif part.number == _PROGRAM:
                self.program(part.body, "program", 0)

    def pipeline(self, body: Slice, depth: int, *, deeper: bool) -> None:
        for part in fields(body, self.budget):
            if part.number != 1 or part.body is None:
                continue
            if deeper:
                self.pipeline(part.body, depth, deeper=False)
            else:
                self.model(part.body, depth + 1)

    def network(self, body: Slice) -> None:
        for layer in fields(body, self.budget):
            if layer.number != _LAYER or layer.body is None:
                continue
            self.budget.entry()
            for part in fields(layer.body, self.budget):
                if part.number == _CUSTOM_LAYER and part.body is not None:
                    self.name(part.body, 10, self.found.classes)

    def linked(self, body: Slice) -> None:
        """A model in another file: its name and search path are parameters with a default."""
        for file in fields(body, self.budget):
            for part in fields(file.body, self.budget) if file.body is not None else ():
                if part.number in (1, 2) and part.body is not None:
                    self.name(part.body, 1, self.found.files)

    def program(self, body: Slice, kind: str, depth: int) -> None:
        if depth > 64:
            raise LimitExceededError("Core ML program nested too deep")
        if kind == "file":
            self.name(body, 1, self.found.files)
            return
        if kind == "operation":
            self.budget.operations(1)
        for part in fields(body, self.budget):
            inner = _MIL[kind].get(part.number)
            if inner is not None and part.body is not None:
                self.program(part.body, inner, depth + 1)

    def name(self, body: Slice, number: int, into: list[tuple[str, int]]) -> None:
        for part in fields(body, self.budget):
            if part.number == number and part.body is not None:
                self._keep(part, into)

    def _keep(self, part: Field, into: list[tuple[str, int]]) -> None:
        self.budget.operations(1)
        start = part.body.start if part.body is not None else 0
        entry = part.text(1024), start - self.base
        if len(into) < 10_000 and (not into or into[-1][0] != entry[0]):
            into.append(entry)


FORMAT: Final = Format("coreml", looks_like, read, first=FIRST)
