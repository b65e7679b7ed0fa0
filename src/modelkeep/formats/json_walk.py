"""JSON of any size token by token: every text is kept, long runs of numbers are not.

Python's parser turns three bytes of text into a hundred of memory, and refuses what
lenient parsers accept. This walk keeps what rules look at (keys, texts, nesting),
drops numbers beyond the first thousands of a container, and steps over comments and
trailing commas as lenient parsers do. What it keeps is bounded.

Source: RFC 8259; the comments and commas are those of JSON5 and of editors' settings.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.interface import Budget
from modelkeep.formats.tree import Tree

_BLANK: Final = rb"(?:[ \t\r\n]++|//[^\n]*+|/\*(?:[^*]++|\*(?!/))*+\*/)*+"
_TOKEN: Final = re.compile(
    _BLANK
    + rb'(?:("(?:[^"\\]++|\\.)*+")|([{}\[\],:])|(-?[0-9][0-9.eE+-]*+|-?Infinity|NaN)'
    + rb"|(true|false|null))",
    re.DOTALL,
)
_REST: Final = re.compile(_BLANK)
_NUMBERS: Final = re.compile(rb"(?:[ \t\r\n]*+-?[0-9][0-9.eE+-]*+[ \t\r\n]*+,)*+")
_WORDS: Final[dict[bytes, object]] = {b"true": True, b"false": False, b"null": None}
_KEPT_NUMBERS: Final = 4096  # of one container
_ALL_NUMBERS: Final = 200_000  # of a document; beyond, the first few of each container
_FEW_NUMBERS: Final = 8
_MOST_DIGITS: Final = 300
# Rough bytes that a kept container, text or number takes besides its text.
_CONTAINER: Final = 160
_VALUE: Final = 56
_MOST_KEYS: Final = 100_000


@dataclass(slots=True)
class _Frame:
    """An open container; ``key`` is set between a key and its value."""

    value: dict[str, object] | list[object]
    key: str | None = None
    colon: bool = False
    numbers: int = 0


@dataclass(slots=True)
class _Walk:
    text: bytes
    depth: int
    room: int
    budget: Budget
    tree: Tree = field(default_factory=Tree)
    documents: list[object] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    numbers: int = 0
    keys: dict[bytes, str] = field(default_factory=dict)

    def run(self) -> None:
        at, steps = 0, 0
        while True:
            match = _TOKEN.match(self.text, at)
            if match is None:
                break
            steps += 1
            if not steps % 4096:
                self.budget.tick()
            at = match.end()
            self._token(match)
            if self.frames and isinstance(self.frames[-1].value, list):
                at = self._skip_numbers(at)
        if self.frames or _REST.fullmatch(self.text, at) is None:
            raise MalformedArtifactError(f"not valid JSON: nothing fits at {at:#x}")

    def _token(self, match: re.Match[bytes]) -> None:
        string, mark, number, word = match.groups()
        if string is not None:
            self._string(string)
        elif number is not None:
            self._number(number)
        elif word is not None:
            self._put(_WORDS[word])
        elif mark in b"{[":
            self._open(mark)
        else:
            self._mark(mark)

    def _open(self, mark: bytes) -> None:
        if len(self.frames) >= self.depth:
            raise LimitExceededError(f"JSON nested deeper than {self.depth}")
        value: dict[str, object] | list[object] = {} if mark == b"{" else []
        self._put(value, _CONTAINER)
        self.frames.append(_Frame(value))

    def _mark(self, mark: bytes) -> None:
        frame = self.frames[-1] if self.frames else None
        if mark == b"," and (frame is None or frame.key is None):
            return
        if frame is not None and mark == b":" and frame.key is not None and not frame.colon:
            frame.colon = True
            return
        closes = b"}" if frame is not None and isinstance(frame.value, dict) else b"]"
        if frame is None or frame.key is not None or mark != closes:
            raise MalformedArtifactError(f"not valid JSON: {mark.decode()!r} out of place")
        self.frames.pop()

    def _string(self, token: bytes) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            frame.key = self.keys.get(token)
            if frame.key is not None:
                return
        try:
            text = token[1:-1].decode("utf-8", "surrogatepass")
            text = json.loads(f'"{text}"', strict=False) if "\\" in text else text
        except ValueError as error:
            raise MalformedArtifactError(f"not valid JSON: {error}") from error
        if frame is not None and isinstance(frame.value, dict) and frame.key is None:
            frame.key = text
            if len(self.keys) < _MOST_KEYS and len(token) < _VALUE:
                self.keys[token] = text
            self._spend(_VALUE + len(token))
        else:
            self._put(text, _VALUE + len(token))

    def _number(self, token: bytes) -> None:
        frame = self.frames[-1] if self.frames else None
        if frame is not None:
            frame.numbers += 1
            if self._has_enough(frame):
                if isinstance(frame.value, dict) and not frame.colon:
                    raise MalformedArtifactError("not valid JSON: a number where a key belongs")
                frame.key, frame.colon = None, False
                return
        self.numbers += 1
        self._put(number(token.decode("ascii")))

    def _has_enough(self, frame: _Frame) -> bool:
        """Whether further numbers of a container are let go."""
        most = _FEW_NUMBERS if self.numbers > _ALL_NUMBERS else _KEPT_NUMBERS
        return frame.numbers > most

    def _skip_numbers(self, at: int) -> int:
        """Step over a run of numbers in a list that has enough of them already."""
        if not self._has_enough(self.frames[-1]):
            return at
        match = _NUMBERS.match(self.text, at)
        return at if match is None else match.end()

    def _put(self, value: object, cost: int = _VALUE) -> None:
        self._spend(cost)
        if not self.frames:
            self.documents.append(value)
            return
        frame = self.frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
            return
        if frame.key is None or not frame.colon:
            raise MalformedArtifactError("not valid JSON: a value without a key")
        if frame.key in frame.value and frame.value[frame.key] != value:
            self.tree.hidden.append((frame.key, frame.value[frame.key]))
        frame.value[frame.key] = value
        frame.key, frame.colon = None, False

    def _spend(self, cost: int) -> None:
        self.room -= cost
        if self.room < 0:
            raise LimitExceededError("JSON document holds more text than is kept in memory")


def number(text: str) -> object:
    """A number, or its text where it has more digits than any honest one.

    Args:
        text: digits as JSON writes them.
    """
    if len(text) > _MOST_DIGITS:
        return text
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        raise MalformedArtifactError(f"not valid JSON: number {text!r}") from None


def walk(text: bytes, budget: Budget, *, depth: int, room: int = 300 * 2**20) -> Tree:
    """Parse documents one behind another; the value of several is a list of them.

    Args:
        text: UTF-8.
        budget: its clock is watched.
        depth: deepest nesting.
        room: most bytes of memory to spend on what is kept, roughly.

    Raises:
        MalformedArtifactError: not even lenient JSON.
        LimitExceededError: too deep, too large or too slow.
    """
    state = _Walk(text, depth, room, budget)
    state.run()
    if not state.documents:
        raise MalformedArtifactError("not valid JSON: no value")
    state.tree.value = state.documents[0] if len(state.documents) == 1 else state.documents
    return state.tree
