"""YAML read as parser events: what would be constructed is noted, never made.

A YAML tag can ask its parser to import a module and call a function. The reader
takes PyYAML's scanner and parser without its constructor, so that no tag can do
anything, and notes each tag with its line. Aliases of texts are followed; aliases of
lists and maps are not, because they are read where they are defined and would
otherwise multiply. The front matter of a Markdown page is YAML, its body is not.

Source: YAML 1.1 and 1.2; PyYAML's events and its ``!!python/...`` tags.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from yaml import YAMLError, events
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats import json_text
from modelkeep.formats.interface import Budget, Format, Reading, Source
from modelkeep.formats.json_text import parse
from modelkeep.formats.json_walk import number
from modelkeep.formats.payloads import parts_of_tree
from modelkeep.formats.tree import Tree

DEEPEST: Final = 128
_MOST_BYTES: Final = 8 * 2**20  # the parser reads about 350 KiB a second
_TRIED_BYTES: Final = 128 * 2**10
# What the parser raises besides its own errors: numbers and code points beyond measure.
_ERRORS: Final = (YAMLError, ValueError, OverflowError, RecursionError, IndexError)
_ITEM: Final = re.compile(r"""\s*(?:-(?:\s|$)|["']?[\w.$/-]+["']?\s*:(?:\s|$)|[\]}])""")
_OPENING: Final = re.compile(r"(?:%YAML|%TAG|---(?:\s|$)|!!|!<|&\w+ !)")
# Keys of configurations that build objects: worth trying even in a single line.
_TARGET: Final = re.compile(
    r"""(?:^|[\s{,"'])(?:_target_|class_path|_component_)["']?\s*:|!!\w+[/.]|!<tag:"""
)
_FENCE: Final = re.compile(r"^(?:---|\.\.\.)[ \t\r]*$", re.MULTILINE)
_CODE_TAG: Final = re.compile(r"tag:yaml\.org,2002:(?:python|java|js|ruby|perl)|^!ruby")
_WORDS: Final[dict[str, object]] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Events(Reader, Scanner, Parser):  # type: ignore[misc]
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


def looks_like(source: Source) -> bool:
    """Whether it reads as YAML to a person and to the parser."""
    if json_text.looks_like(source) or not _is_plausible(source.read(0, 4096)):
        return False  # JSON is YAML, and has a reader of its own
    text = source.read(0, _TRIED_BYTES)
    is_cut = len(text) < source.size
    if is_cut:
        text = text[: text.rfind(b"\n") + 1]
    if _is_page(text):
        return True
    tree = Tree()
    try:
        for _ in _fill(text, tree):
            pass
    except (*_ERRORS, LimitExceededError) as error:
        mark = getattr(error, "problem_mark", None)
        ends_open = is_cut and mark is not None and mark.line >= text.count(b"\n")
        return ends_open or any(_CODE_TAG.search(tag) for _, tag in tree.tags)
    return True


def _is_plausible(head: bytes, fewest: int = 1) -> bool:
    """Whether most lines are ``key: value`` or ``- item``, or the start says YAML."""
    text = head.decode("utf-16" if head.startswith(_MARKS) else "utf-8", "replace")
    text = text.removeprefix("\ufeff")
    if "\0" in text or "\ufffd" in text[:-4]:
        return False
    lines = [line for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#"]
    if not lines:
        return False
    if _OPENING.match(lines[0]) or _TARGET.search(text):
        return True
    items = sum(_ITEM.match(line) is not None for line in lines)
    if items == len(lines) >= fewest:
        return True
    return items >= 2 and items * 10 >= len(lines) * 7 and _ITEM.match(lines[0]) is not None


def _is_page(text: bytes) -> bool:
    """Whether it is a Markdown page with front matter: only that is YAML."""
    if not text.startswith((b"---\n", b"---\r\n", b"\xef\xbb\xbf---")):
        return False
    page = text.decode("utf-8", "replace")
    fences = _FENCE.finditer(page)
    next(fences, None)
    fence = next(fences, None)
    if fence is None:
        return False
    body = page[fence.end() :][:4096]
    return bool(body.strip()) and not _is_plausible(body.encode(), 2) and "!!" not in body


def _fill(text: bytes, tree: Tree) -> Iterator[None]:
    """Fill the tree event by event; what was reached before an error stays."""
    build = _Build(tree)
    try:
        parser = _Events(text)
        while parser.check_event():
            build.take(parser.get_event())
            yield
    finally:
        tree.value = build.documents[0] if len(build.documents) == 1 else build.documents


def read(source: Source, budget: Budget, reading: Reading) -> None:
    """The document is a ``Tree`` with its tags; several documents become a list.

    A key given twice is no lie here, because people write YAML by hand.
    """
    if source.size > _MOST_BYTES:
        raise LimitExceededError(f"YAML document of {source.size} bytes")
    text = source.read(0, source.size)
    reading.document = tree = Tree()
    try:
        for step, _ in enumerate(_fill(text, tree)):
            if not step % 256:
                budget.tick()
    except LimitExceededError:
        raise
    except _ERRORS as error:
        if not _is_page(text) and not _is_json(text):
            raise MalformedArtifactError(f"not valid YAML: {_sentence(error)}") from error
    finally:
        reading.parts += parts_of_tree(tree)


def _is_json(text: bytes) -> bool:
    """Whether a parser of YAML that is no JSON parser stumbled over a tab in JSON."""
    try:
        parse(text)
    except MalformedArtifactError:
        return False
    return True


def _sentence(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


FORMAT: Final = Format("yaml", looks_like, read, suffixes=frozenset({".yaml", ".yml"}))
