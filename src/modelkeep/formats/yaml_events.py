"""A tree made of the events of PyYAML's parser; it has no constructor.

It is imported when the first text looks like YAML: most scans need no PyYAML.

Source: YAML 1.1 and 1.2; PyYAML's events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yaml import YAMLError, events
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.json_walk import number
from modelkeep.formats.tree import Tree

DEEPEST: Final = 128
# What the parser raises besides its own errors: numbers and code points beyond measure.
PARSER_ERRORS: Final = (YAMLError, ValueError, OverflowError, RecursionError, IndexError)
_WORDS: Final[dict[str, object]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class InvalidYamlError(MalformedArtifactError):
    """The parser gave up, on a line (from 0) where it says which."""

    def __init__(self, message: str, line: int | None) -> None:
        super().__init__(f"not valid YAML: {message}")
        self.line = line


class Events(Reader, Scanner, Parser):  # type: ignore[misc]
    """A parser that has no constructor."""

    def __init__(self, text: bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


@dataclass(slots=True)
class _Frame:
    """An open list or map; ``key`` is set between a key and its value."""

    value: dict[str, object] | list[object]
    key: str | None = None
    is_key: bool = False


@dataclass(slots=True)
class _Build:
    """A tree under construction."""

    tree: Tree
    documents: list[object] = field(default_factory=list)
    frames: list[_Frame] = field(default_factory=list)
    texts: dict[str, object] = field(default_factory=dict)

    def take(self, event: events.Event) -> None:
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            self.tree.tags.append((event.start_mark.line + 1, tag))
        if isinstance(event, events.ScalarEvent):
            value = _plain(event)
            if event.anchor is not None:
                self.texts[event.anchor] = value
            self._put(value, event.value)
        elif isinstance(event, events.AliasEvent):
            value = self.texts.get(event.anchor)
            self._put(value, str(value))
        elif isinstance(event, events.CollectionStartEvent):
            self._open(is_map=isinstance(event, events.MappingStartEvent))
        elif isinstance(event, events.CollectionEndEvent):
            closed = self.frames.pop()
            if closed.is_key:
                # A list or map as a key: kept as a value, where rules can see it.
                self.frames[-1].key = f"? {event.start_mark.line + 1}"
                self._put([closed.value], "")
                self.frames[-1].key = f"? {event.start_mark.line + 1} value"
        elif isinstance(event, events.DocumentStartEvent):
            self.texts.clear()

    def _open(self, *, is_map: bool) -> None:
        if len(self.frames) >= DEEPEST:
            raise LimitExceededError(f"YAML nested deeper than {DEEPEST}")
        value: dict[str, object] | list[object] = {} if is_map else []
        parent = self.frames[-1] if self.frames else None
        is_key = parent is not None and isinstance(parent.value, dict) and parent.key is None
        if not is_key:
            self._put(value, "")
        self.frames.append(_Frame(value, is_key=is_key))

    def _put(self, value: object, text: str) -> None:
        if not self.frames:
            self.documents.append(value)
            return
        frame = self.frames[-1]
        if isinstance(frame.value, list):
            frame.value.append(value)
        elif frame.key is None:
            frame.key = text
        else:
            if frame.key in frame.value and frame.value[frame.key] != value:
                self.tree.hidden.append((frame.key, frame.value[frame.key]))
            frame.value[frame.key] = value
            frame.key = None


def _plain(event: events.ScalarEvent) -> object:
    """A scalar's value; what is quoted or tagged stays text."""
    text: str = event.value
    if event.style is not None or event.tag is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    return number(text) if _NUMBER.fullmatch(text) else text


def fill(text: bytes, tree: Tree) -> Iterator[None]:
    """Fill the tree event by event; what was reached before an error stays.

    Raises:
        InvalidYamlError: not YAML.
        LimitExceededError: nested deeper than ``DEEPEST``.
    """
    build = _Build(tree)
    try:
        parser = Events(text)
        while parser.check_event():
            build.take(parser.get_event())
            yield
    except PARSER_ERRORS as error:
        mark = getattr(error, "problem_mark", None)
        raise InvalidYamlError(_sentence(error), mark.line if mark else None) from error
    finally:
        tree.value = build.documents[0] if len(build.documents) == 1 else build.documents


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
