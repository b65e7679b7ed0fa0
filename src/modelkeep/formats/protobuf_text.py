"""Protocol buffers as text: what ``.pbtxt`` and ``.prototxt`` files hold.

Source: Protocol Buffers documentation, "Text Format Language".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget, Source

_TOKEN: Final = re.compile(
    r"""
    (?P<blank>[\s,;]+|\#[^\n]*)
    | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<text>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
    | (?P<number>[-+]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)[fF]?|-[a-z]+)
    | (?P<mark>[{}<>\[\]:/.])
    """,
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|u[0-9a-fA-F]{4}|.)", re.DOTALL)
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}
_HEAD: Final = 1 << 16
FIRST: Final = b"\t\n\r #_" + bytes(range(65, 91)) + bytes(range(97, 123)) + b"\xef"
"""Bytes such a text can begin with."""


@dataclass(slots=True)
class Message:
    """Fields in file order; a value is text (quotes and escapes undone) or a message."""

    fields: list[tuple[str, str | Message]] = field(default_factory=list)
    offset: int = 0

    def messages(self, *path: str) -> Iterator[Message]:
        """Every message at the end of a path of field names."""
        if not path:
            yield self
            return
        for name, value in self.fields:
            if name == path[0] and isinstance(value, Message):
                yield from value.messages(*path[1:])

    def texts(self, name: str) -> list[str]:
        """Every value of a field that is no message."""
        return [value for key, value in self.fields if key == name and isinstance(value, str)]

    def text(self, name: str) -> str:
        """The last value of a field, as protobuf takes it; empty if there is none."""
        return (self.texts(name) or [""])[-1]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    offset: int


class _BrokenTextError(MalformedArtifactError):
    def __init__(self, at: int) -> None:
        super().__init__(f"protobuf text cannot be read at {at:#x}")
        self.at = at


_END: Final = _Token("end", "", 0)
_CLOSING: Final = {"{": "}", "<": ">"}
_OPENS: Final = frozenset("{<[")
_CLOSES: Final = frozenset("}>]")
_MARKS: Final = frozenset("{<[:")
_DEPTH: Final = 64


def _tokens(text: str, budget: Budget | None = None) -> Iterator[_Token]:
    at = 0
    for count, match in enumerate(_TOKEN.finditer(text)):
        if match.start() != at:
            break
        at = match.end()
        if budget is not None and count % 1024 == 0:
            budget.operations(1024)
        if match.lastgroup != "blank":
            yield _Token(match.lastgroup or "", match.group(), match.start())
    if at != len(text):
        raise _BrokenTextError(at)


def unquote(text: str) -> str:
    """The text between quotes with its escapes undone."""

    def undo(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] in "xu":
            return chr(int(code[1:], 16)) if len(code) > 1 else code
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(undo, text[1:-1])


def parse(source: Source, budget: Budget, into: Message) -> None:
    """Parse a whole text; what was read before an error stays in ``into``.

    Raises:
        MalformedArtifactError: not protobuf text.
        LimitExceededError: too long, nested too deep, or out of time.
    """
    if source.size > budget.limits.header_bytes:
        raise LimitExceededError(f"protobuf text of {source.size} bytes")
    text = source.read(0, source.size).decode("utf-8", "backslashreplace")
    parser = _Parser(_tokens(text.removeprefix("\ufeff"), budget))
    parser.advance()
    parser.message(into, "", 0)


@dataclass(slots=True)
class _Parser:
    tokens: Iterator[_Token]
    now: _Token = _END

    def advance(self) -> None:
        self.now = next(self.tokens, _END)

    def message(self, into: Message, closing: str, depth: int) -> None:
        """Fields up to the closing mark, which is left for the caller."""
        if depth > _DEPTH:
            raise LimitExceededError(f"protobuf text nested deeper than {_DEPTH}")
        while self.now.text != closing:
            name = self.name()
            if self.now.text == ":":
                self.advance()
            if self.now.text != "[":
                self.value(into, name, depth)
                continue
            self.advance()
            while self.now.text != "]":
                self.value(into, name, depth)
            self.advance()

    def name(self) -> str:
        """A field's name, or that of an extension in brackets."""
        name = self.now
        self.advance()
        if name.kind == "name":
            return name.text
        if name.text != "[":
            raise MalformedArtifactError(f"protobuf text has no field at {name.offset:#x}")
        parts: list[str] = []
        while self.now.text != "]":
            if self.now.kind not in ("name", "mark"):
                raise MalformedArtifactError(f"protobuf text is broken at {self.now.offset:#x}")
            parts.append(self.now.text)
            self.advance()
        self.advance()
        return "".join(parts)

    def value(self, into: Message, name: str, depth: int) -> None:
        """One value; it is kept before anything behind it is looked at."""
        token = self.now
        if token.text in _CLOSING:
            inner = Message(offset=token.offset)
            into.fields.append((name, inner))
            self.advance()
            self.message(inner, _CLOSING[token.text], depth + 1)
            self.advance()
        elif token.kind == "text":
            pieces = [unquote(token.text)]
            into.fields.append((name, pieces[0]))
            self.advance()
            while self.now.kind == "text":  # pieces in a row are one text
                pieces.append(unquote(self.now.text))
                self.advance()
            into.fields[-1] = (name, "".join(pieces))
        elif token.kind in ("name", "number"):
            into.fields.append((name, token.text))
            self.advance()
        else:
            raise MalformedArtifactError(f"protobuf text has no value at {token.offset:#x}")


def top_keys(source: Source) -> dict[str, str]:
    """The outermost fields of a text's beginning, each with the mark that follows its name.

    Returns:
        Names with ``{``, ``<``, ``[`` or ``:``; nothing where this is no protobuf text.
    """
    head = source.read(0, _HEAD)
    if b"\0" in head:
        return {}
    if source.size > len(head):
        head = head[: head.rfind(b"\n") + 1]
    found: dict[str, str] = {}
    depth, name, after_colon = 0, "", False
    text = head.decode("utf-8", "backslashreplace").removeprefix("\ufeff")
    try:
        for token in _tokens(text):
            if depth == 0 and name:  # what follows the name of a field
                if token.text not in _MARKS:
                    return {}
                found.setdefault(name, token.text)
                name = ""
            elif depth == 0 and token.kind == "name" and not after_colon:
                name = token.text
            after_colon = token.text == ":"
            depth += (token.text in _OPENS) - (token.text in _CLOSES)
    except _BrokenTextError as error:
        # A text that the end of the file cuts short is still one.
        return found if text[error.at] in "\"'-" else {}
    return found
