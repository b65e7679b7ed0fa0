"""R's serialisation walked item by item, in both of its portable forms.

Sources: R Internals, "Serialization Formats" (item types, flags); R ``serialize.c``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Source, read_exactly

_DEEPEST: Final = 120
_WORD: Final = re.compile(rb"\s*([^\s]+)")
_LINE: Final = 512
_COMPLEX: Final = 15
_NAME: Final = 1 << 12  # bytes of a name that are kept
_SYMBOL, _PAIRS, _CLOSURE, _ENVIRONMENT, _PROMISE, _CALL = 1, 2, 3, 4, 5, 6
_CHARS, _STRINGS, _VECTOR, _EXPRESSIONS, _BYTECODE = 9, 16, 19, 20, 21
_S4, _DOTS = 25, 17
_WIDTH: Final = {10: 4, 13: 4, 14: 8, 15: 16, 24: 1}
_PRIMITIVE: Final = frozenset({7, 8})
_LIST_LIKE: Final = frozenset({_PAIRS, _CALL, _CLOSURE, _PROMISE, _DOTS, 239, 240})
_NOTHING: Final = frozenset({241, 242, 250, 251, 252, 253, 254})
_HELD: Final = {22: 2, 23: 0, 238: 3}  # items of a pointer, a weak reference, an ALTREP
_NAMED_SPACES: Final = frozenset({247, 248, 249})
_REFERENCE, _REPEAT_DEF, _REPEAT_REF, _ALTERNATIVE = 255, 244, 243, 238
_ATTRIBUTED: Final = frozenset({239, 240})
_BYTECODE_LANGUAGE: Final = frozenset({_CALL, _PAIRS, _REPEAT_DEF, _REPEAT_REF, 239, 240})


@dataclass(frozen=True, slots=True)
class Language:
    """A piece of language and where it stands.

    Attributes:
        kind: ``promise``, ``call``, ``closure`` or ``bytecode``.
        calls: names of functions it calls, in order, each once.
        offset: of its first byte.
        bound: whether it lies in a frame of an environment, where promises are normal.
    """

    kind: str
    calls: tuple[str, ...]
    offset: int
    bound: bool


@dataclass(slots=True)
class RObject:
    """What a serialised R object holds besides values."""

    language: list[Language] = field(default_factory=list)


class Walk:
    """Reads items one after the other; ``calls`` collects the names of the open piece."""

    def __init__(self, source: Source, budget: Budget, found: RObject) -> None:
        self.source, self.budget, self.found = source, budget, found
        self.at = 0
        self.references: list[str] = []
        self.depth = 0
        self.calls: dict[str, None] | None = None
        self.frames = 0

    def integer(self) -> int:
        """The next whole number."""
        data = read_exactly(self.source, self.at, 4, "R number")
        self.at += 4
        return int(struct.unpack(">i", data)[0])

    def length(self) -> int:
        """The next length of a vector."""
        count = self.integer()
        if count == -1:
            count = (self.integer() << 32) + self.integer()
        if count < 0:
            raise MalformedArtifactError(f"R vector at {self.at:#x} has a negative length")
        return count

    def skip(self, length: int) -> None:
        """Step over bytes that must be there."""
        if self.at + length > self.source.size:
            raise MalformedArtifactError(f"R value at {self.at:#x} ends behind the file")
        self.at += length

    def numbers(self, kind: int, count: int) -> None:
        """Step over the values of a vector."""
        self.skip(count * _WIDTH[kind])

    def text(self, length: int) -> str:
        """The next text of a known length."""
        start = self.at
        self.skip(length)
        return self.source.read(start, min(length, _NAME)).decode("utf-8", "backslashreplace")

    def item(self) -> str:
        """Read one item; returns its name if it is a symbol or text, else nothing."""
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LimitExceededError(f"R object nested deeper than {_DEEPEST}")
        try:
            return self._item()
        finally:
            self.depth -= 1

    def _item(self) -> str:
        while True:
            self.budget.operations(1)
            start = self.at
            flags = self.integer()
            kind = flags & 0xFF
            if kind not in _LIST_LIKE:
                return self._value(kind, flags, start)
            if kind in (_PROMISE, _CLOSURE):
                self._piece(kind, flags, start)
                return ""
            if self._pair(kind, flags, start):
                return ""  # what followed was read as part of a call

    def _pair(self, kind: int, flags: int, start: int) -> bool:
        """One cell of a list; the rest of a plain list is the caller's next item."""
        if kind in (_CALL, 240) and self.calls is None:
            self._collect("call", start, lambda: self._cells(kind, flags))
            return True
        if kind in (_CALL, 240):
            self._cells(kind, flags)
            return True
        self._head(kind, flags)
        self.item()
        return False

    def _head(self, kind: int, flags: int) -> None:
        if flags & 0x200 or kind in _ATTRIBUTED:
            self.item()
        if flags & 0x400:
            self.item()

    def _cells(self, kind: int, flags: int) -> None:
        """A call: the function, whose name is noted, and its arguments."""
        self._head(kind, flags)
        self._note(self.item())
        self.item()

    def _note(self, name: str) -> None:
        if self.calls is not None and name:
            self.calls[name] = None

    def _piece(self, kind: int, flags: int, start: int) -> None:
        name = "promise" if kind == _PROMISE else "closure"
        self._collect(name, start, lambda: self._halves(kind, flags))
        if self.calls is not None:
            self.calls.update(dict.fromkeys(self.found.language[-1].calls))

    def _halves(self, kind: int, flags: int) -> None:
        self._head(kind, flags)
        self.item()
        self._note(self.item())

    def _collect(self, kind: str, start: int, read: Callable[[], None]) -> None:
        outer = self.calls
        names: dict[str, None] = {}
        self.calls = names
        try:
            read()
        finally:
            self.calls = outer
            self.budget.entry()
            self.found.language.append(Language(kind, tuple(names), start, self.frames > 0))

    def _value(self, kind: int, flags: int, start: int) -> str:
        name = ""
        if kind in _NOTHING:
            return ""
        if kind == _REFERENCE:
            return self._reference(flags)
        if kind == _SYMBOL:
            name = self.item()
            self.references.append(name)
            return name
        if kind == _CHARS:
            name = self._chars()
        elif kind == _ENVIRONMENT:
            self._environment()
            return ""
        elif kind == _BYTECODE:
            self._bytecode(start)
        else:
            self._contents(kind, start)
        if flags & 0x200 and kind != _ALTERNATIVE:
            self.item()
        return name

    def _contents(self, kind: int, start: int) -> None:
        if kind in _WIDTH:
            self.numbers(kind, self.length())
        elif kind in _PRIMITIVE:
            self._note(self._chars())
        elif kind in _NAMED_SPACES:
            self._names()
        elif kind in (_STRINGS, _VECTOR, _EXPRESSIONS):
            self._items(self.length())
        elif kind in _HELD:
            if kind != _ALTERNATIVE:
                self.references.append("")
            self._items(_HELD[kind])
        elif kind != _S4:
            raise MalformedArtifactError(f"R item of unknown type {kind} at {start:#x}")

    def _items(self, count: int) -> None:
        for _ in range(count):
            self.item()

    def _chars(self) -> str:
        length = self.integer()
        return self.text(length) if length >= 0 else ""

    def _names(self) -> None:
        self.integer()
        for _ in range(self.length()):
            self.item()
        self.references.append("")

    def _reference(self, flags: int) -> str:
        index = (flags >> 8 & 0xFFFFFF) or self.integer()
        if not 1 <= index <= len(self.references):
            raise MalformedArtifactError(f"R reference at {self.at:#x} leads nowhere")
        return self.references[index - 1]

    def _environment(self) -> None:
        self.integer()
        self.references.append("")
        self.frames += 1
        for _ in range(4):
            self.item()
        self.frames -= 1

    def _bytecode(self, start: int) -> None:
        self.integer()
        if self.calls is None:
            self._collect("bytecode", start, self._code)
        else:
            self._code()

    def _code(self) -> None:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LimitExceededError(f"R byte code nested deeper than {_DEEPEST}")
        self.item()
        for _ in range(self.length()):
            kind = self.integer()
            if kind == _BYTECODE:
                self._code()
            elif kind in _BYTECODE_LANGUAGE:
                self._bytecode_language(kind)
            else:
                self._note(self.item())
        self.depth -= 1

    def _bytecode_language(self, kind: int) -> str:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise LimitExceededError(f"R byte code nested deeper than {_DEEPEST}")
        name = ""
        if kind == _REPEAT_REF:
            self.integer()
        elif kind in _BYTECODE_LANGUAGE:
            if kind == _REPEAT_DEF:
                self.integer()
                kind = self.integer()
            if kind in _ATTRIBUTED:
                self.item()
            self.item()
            first = self._bytecode_language(self.integer())
            if kind in (_CALL, 240):
                self._note(first)
            self._bytecode_language(self.integer())
        else:
            name = self.item()
        self.depth -= 1
        return name


class TextWalk(Walk):
    """The same items written as words, one a line, as ``saveRDS(ascii = TRUE)`` does."""

    def word(self) -> bytes:
        """The next word."""
        data = self.source.read(self.at, _LINE)
        found = _WORD.match(data)
        if found is None or (found.end() == len(data) and len(data) == _LINE):
            raise MalformedArtifactError(f"R text at {self.at:#x} ends or has no word")
        self.at += found.end()
        return found[1]

    def integer(self) -> int:
        """The next whole number."""
        word = self.word()
        if word == b"NA":
            return -(1 << 31)
        try:
            return int(word)
        except ValueError as error:
            raise MalformedArtifactError(f"R number at {self.at:#x}: {error}") from error

    def numbers(self, kind: int, count: int) -> None:
        """Step over the values of a vector, a word or two each."""
        words = count * (2 if kind == _COMPLEX else 1)
        if words > self.source.size - self.at:
            raise MalformedArtifactError(f"R vector at {self.at:#x} ends behind the file")
        for _ in range(words):
            self.budget.operations(1)
            self.word()

    def text(self, length: int) -> str:
        """Characters, of which some are written as escapes: no word, it may hold blanks."""
        end = self.source.read(self.at, length * 4 + 2).find(b"\n", 1)
        if end < 0:
            raise MalformedArtifactError(f"R text at {self.at:#x} does not end")
        line = self.source.read(self.at, end).lstrip(b"\n")
        self.at += end
        return line[:_NAME].decode("unicode-escape", "replace")
