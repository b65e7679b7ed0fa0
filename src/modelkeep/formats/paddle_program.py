"""A PaddlePaddle program (``__model__``, ``.pdmodel``), read for its operators.

Source: paddle/fluid/framework/framework.proto (ProgramDesc, BlockDesc, OpDesc).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.interface import Budget, Format, Reading, Slice, Source, part
from modelkeep.formats.payloads import is_stream
from modelkeep.formats.protobuf import FIRST, fields, outline

_OP: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


@dataclass(frozen=True, slots=True)
class PaddleOperator:
    """One operator; ``texts`` are its attributes of text, each ``(name, value)``."""

    kind: str
    offset: int
    texts: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class PaddleProgram:
    """The operators of all blocks."""

    operators: list[PaddleOperator] = field(default_factory=list)


def looks_like(source: Source) -> bool:
    """Whether field 1 is a block: numbered, with a typed variable or operator in it."""
    return any(map(_is_block, outline(source).bodies(1)))


def _is_block(body: Source) -> bool:
    numbers: set[int] = set()
    try:
        for count, found in enumerate(fields(body)):
            if found.number in (1, 2) and found.body is None:
                numbers.add(found.number)
            elif found.number == 3 and found.body is not None and numbers == {1, 2}:
                return _names(found.body, 1)
            elif found.number == 4 and found.body is not None and numbers == {1, 2}:
                return _names(found.body, 3)
            if count > 64:
                break
    except MalformedArtifactError:
        pass
    return False


def _names(body: Source, number: int) -> bool:
    """Whether a field of a message is a name."""
    try:
        for found in fields(body):
            if found.number == number and found.body is not None:
                name = found.text(256)
                return bool(_OP.match(name)) and name.isprintable()
    except MalformedArtifactError:
        pass
    return False


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``PaddleProgram``."""
    program = PaddleProgram()
    reading.document = program
    base = source.start if isinstance(source, Slice) else 0
    for block in fields(source, budget):
        if block.number != 1 or block.body is None:
            continue
        for found in fields(block.body, budget):
            if found.number == 4 and found.body is not None:
                budget.entry()
                program.operators.append(_operator(found.body, base, budget, reading))


def _operator(body: Slice, base: int, budget: Budget, reading: Reading) -> PaddleOperator:
    kind = ""
    texts: list[tuple[str, str]] = []
    for found in fields(body, budget):
        if found.number == 3 and found.body is not None:
            kind = found.text(256)
        elif found.number == 4 and found.body is not None:
            texts += _texts(found.body, budget, reading)
    return PaddleOperator(kind, body.start - base, tuple(texts[:64]))


def _texts(body: Slice, budget: Budget, reading: Reading) -> Iterator[tuple[str, str]]:
    name = ""
    for found in fields(body, budget):
        if found.number == 1 and found.body is not None:
            name = found.text(256)
        elif found.number in (5, 8) and found.body is not None:
            if is_stream(found.body):
                reading.parts.append(part(found.body, f"[{name}]"))
            yield name, found.text(4096)


FORMAT: Final = Format("paddle program", looks_like, read, first=FIRST)
