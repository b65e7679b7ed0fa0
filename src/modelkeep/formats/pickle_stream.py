"""A pickle stream seen as data: nothing in it is ever loaded or called.

The reader runs the stream on a stack and a memo of symbols, the way the
unpickler would, but an import pushes the *name* of what would be imported and a
call pushes a note that something would have been called. What a stream did
before it broke stays reported: a payload in front of a syntax error runs all the same.

Sources: CPython ``Lib/pickletools.py`` (opcode table, stack effects),
``Lib/pickle.py`` (``find_class``, extension registry, Python 2 name mapping).
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.core.text import printable
from modelkeep.formats.interface import Budget, Format, Reading, Source, cut
from modelkeep.formats.pickle_events import (
    End,
    Event,
    How,
    Import,
    PickleDocument,
    Result,
    Use,
)
from modelkeep.formats.pickle_opcodes import opcodes
from modelkeep.formats.remains import after

_EVERY: Final = 1 << 14  # opcodes between two looks at the budget
_MEMO_LIMIT: Final = 2_000_000  # slots
_CONVINCED: Final = 1 << 16  # opcodes without an error after which bytes are a pickle


class _Mark:
    """The mark object on the stack."""


_MARK: Final = _Mark()
_UNKNOWN: Final = Result(None)
_TEXT: Final = frozenset(
    "STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8".split()
)
_PUT: Final = frozenset({"PUT", "BINPUT", "LONG_BINPUT"})
_GET: Final = frozenset({"GET", "BINGET", "LONG_BINGET"})
_EXTENSION: Final = frozenset({"EXT1", "EXT2", "EXT4"})


def _plain_effects() -> dict[str, tuple[bool, int, int]]:
    """Per opcode: whether it pops to the mark, values popped besides, values pushed."""
    effects = {}
    for info in pickletools.opcodes:
        before = [item.name for item in info.stack_before]
        to_mark = "mark" in before
        pops = before.index("mark") if to_mark else len(before)
        effects[info.name] = (to_mark, pops, len(info.stack_after))
    effects["LIST"] = effects["DICT"] = effects["FROZENSET"] = (True, 0, 1)
    return effects


_EFFECTS: Final = _plain_effects()
# These fill the object below their arguments and leave it where it is: values
# popped, or -1 for all down to the mark.
_FILLS: Final = {"APPEND": 1, "SETITEM": 2, "APPENDS": -1, "SETITEMS": -1, "ADDITEMS": -1}


class _Machine:
    """Stack and memo of symbols; ``step`` runs one opcode and returns its events."""

    def __init__(self) -> None:
        self.stack: list[object] = []
        self.memo: dict[object, object] = {}

    def pop(self) -> object:
        if not self.stack:
            raise MalformedArtifactError("pickle takes a value from an empty stack")
        return self.stack.pop()

    def pop_to_mark(self) -> list[object]:
        items: list[object] = []
        while True:
            item = self.pop()
            if item is _MARK:
                items.reverse()
                return items
            items.append(item)

    def top(self) -> object:
        if not self.stack:
            raise MalformedArtifactError("pickle looks at an empty stack")
        return self.stack[-1]

    def step(self, name: str, arg: object, offset: int) -> tuple[Event, ...]:
        if name in _TEXT:
            self.stack.append(_UNKNOWN if arg is None else arg)
        elif name in _PUT:
            self._put(arg)
        elif name == "MEMOIZE":
            self._put(len(self.memo))
        elif name in _GET:
            self._get(arg)
        elif name == "MARK":
            self.stack.append(_MARK)
        elif name == "DUP":
            self.stack.append(self.top())
        elif name in _HANDLERS:
            return _HANDLERS[name](self, arg, offset)
        else:
            self._plain(name)
        return ()

    def _put(self, key: object) -> None:
        self.memo[key] = self.top()
        if len(self.memo) > _MEMO_LIMIT:
            raise LimitExceededError(f"more than {_MEMO_LIMIT} pickle memo slots")

    def _get(self, key: object) -> None:
        if key not in self.memo:
            raise MalformedArtifactError(f"pickle reads memo slot {key}, which is not set")
        self.stack.append(self.memo[key])

    def _plain(self, name: str) -> None:
        if name in _FILLS:
            self._fill(_FILLS[name])
            return
        to_mark, pops, pushes = _EFFECTS[name]
        if to_mark:
            self.pop_to_mark()
        for _ in range(pops):
            self.pop()
        self.stack.extend([_UNKNOWN] * pushes)

    def _fill(self, count: int) -> None:
        if count < 0:
            self.pop_to_mark()
        for _ in range(max(count, 0)):
            self.pop()
        self.top()

    def import_(self, module: object, name: object, offset: int, opcode: str) -> Import:
        found = Import(
            printable(module) if isinstance(module, str) else None,
            printable(name) if isinstance(name, str) else None,
            offset,
            opcode,
        )
        self.stack.append(found)
        return found

    def call(self, callee: object, how: How, offset: int) -> tuple[Event, ...]:
        target = callee if isinstance(callee, Import) else None
        self.stack.append(Result(target))
        return () if target is None else (Use(target, how, offset),)


def _pair(arg: object) -> tuple[object, object]:
    return arg if isinstance(arg, tuple) and len(arg) == 2 else (None, None)


def _global(machine: _Machine, arg: object, offset: int) -> tuple[Event, ...]:
    module, name = _pair(arg)
    return (machine.import_(module, name, offset, "GLOBAL"),)


def _stack_global(machine: _Machine, _arg: object, offset: int) -> tuple[Event, ...]:
    name, module = machine.pop(), machine.pop()
    return (machine.import_(module, name, offset, "STACK_GLOBAL"),)


def _extension(machine: _Machine, arg: object, offset: int) -> tuple[Event, ...]:
    return (machine.import_(None, None, offset, f"EXT code {arg}"),)


def _inst(machine: _Machine, arg: object, offset: int) -> tuple[Event, ...]:
    machine.pop_to_mark()
    module, name = _pair(arg)
    found = machine.import_(module, name, offset, "INST")
    return (found, *machine.call(machine.pop(), "inst", offset))


def _obj(machine: _Machine, _arg: object, offset: int) -> tuple[Event, ...]:
    items = machine.pop_to_mark()
    if not items:
        raise MalformedArtifactError("pickle OBJ without a class")
    return machine.call(items[0], "obj", offset)


def _reduce(machine: _Machine, _arg: object, offset: int) -> tuple[Event, ...]:
    machine.pop()
    return machine.call(machine.pop(), "reduce", offset)


def _newobj(machine: _Machine, _arg: object, offset: int) -> tuple[Event, ...]:
    machine.pop()
    return machine.call(machine.pop(), "newobj", offset)


def _newobj_ex(machine: _Machine, arg: object, offset: int) -> tuple[Event, ...]:
    machine.pop()
    return _newobj(machine, arg, offset)


def _build(machine: _Machine, _arg: object, offset: int) -> tuple[Event, ...]:
    machine.pop()
    target = machine.top()
    return (Use(target, "build", offset),) if isinstance(target, Import) else ()


def _pop(machine: _Machine, _arg: object, _offset: int) -> tuple[Event, ...]:
    machine.pop()
    return ()


def _pop_mark(machine: _Machine, _arg: object, _offset: int) -> tuple[Event, ...]:
    machine.pop_to_mark()
    return ()


_HANDLERS: Final = {
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_global,
    "INST": _inst,
    "OBJ": _obj,
    "REDUCE": _reduce,
    "NEWOBJ": _newobj,
    "NEWOBJ_EX": _newobj_ex,
    "BUILD": _build,
    "POP": _pop,
    "POP_MARK": _pop_mark,
    **dict.fromkeys(_EXTENSION, _extension),
}


def events(source: Source, budget: Budget, start: int = 0) -> Iterator[Event]:
    """Yield what one pickle (up to its STOP) would import and do, in stream order.

    Args:
        source: the bytes; never unpickled.
        budget: opcodes and time left for this file.
        start: offset of the first opcode.

    Raises:
        MalformedArtifactError: an opcode could not be decoded or breaks the
            stack; the events before it have been yielded by then.
    """
    machine = _Machine()
    for count, (name, arg, offset) in enumerate(opcodes(source, start), 1):
        if count % _EVERY == 0:
            budget.operations(_EVERY)
        if name == "STOP":
            machine.pop()
            budget.operations(count % _EVERY)
            yield End(int(str(arg)))
            return
        yield from machine.step(name, arg, offset)


def looks_like(source: Source) -> bool:
    """Whether the bytes are a pickle, by content.

    With the magic of protocols 2 to 5, one more opcode that decodes is enough. Without
    it the stream must import something, or run without an error to its STOP or for
    65,536 opcodes.
    """
    head = source.read(0, 4)
    if head == b"PK\x03\x04":  # to the unpickler a persistent id, on which it stops
        return False
    head = head[:2]
    magic = len(head) == 2 and head[0] == 0x80 and head[1] <= 5
    machine = _Machine()
    try:
        for count, (name, arg, offset) in enumerate(opcodes(source, 0)):
            if count >= (1 if magic else _CONVINCED):
                return True
            if name == "STOP":
                machine.pop()
                return True
            for event in machine.step(name, arg, offset):
                if isinstance(event, Import) and _plausible(event):
                    return True
    except MalformedArtifactError:
        return magic and source.size == 2  # nothing but the magic is left of it
    return True


def _plausible(found: Import) -> bool:
    if not found.resolved:
        return True
    parts = (*(found.module or "").split("."), *(found.name or "").split("."))
    return all(part.isidentifier() for part in parts)


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """Read pickle after pickle, as a file of several dumps holds them.

    The document is a ``PickleDocument``; bytes behind the last pickle are a part.
    """
    document = PickleDocument()
    reading.document = document
    start = 0
    while True:
        for event in events(source, budget, start):
            document.add(event, budget)
        rest = cut(source, document.end, source.size - document.end)
        if not rest.size or not looks_like(rest):
            break
        budget.entry()
        start = document.end
    after(source, document.end, budget, reading)


FORMAT: Final = Format("pickle", looks_like, read)
