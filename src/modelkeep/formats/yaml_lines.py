"""YAML as nodes that know their lines, for findings that name a place; nothing is constructed.

Anchors and merge keys (``<<``) are followed, because what a file says is what it says after
them. A key that stands twice in one map is an error: readers differ in which one they take.

Source: YAML 1.1 and 1.2; YAML merge key type; PyYAML's events.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from yaml import events

from modelkeep.core import LimitExceededError, MalformedArtifactError
from modelkeep.formats.yaml_events import PARSER_ERRORS, Events

_DEEPEST: Final = 64
_MOST: Final = 100_000  # nodes
_ABSENT_LINE: Final = 0


@dataclass(slots=True)
class Node:
    """A scalar, a list or a map, and the line (from 1) it stands on.

    Attributes:
        line: 0 where there is no such node.
        text: of a scalar as it is written, ``None`` for others and where there is none.
        entries: of a map.
        items: of a list.
    """

    line: int = _ABSENT_LINE
    text: str | None = None
    entries: dict[str, Node] = field(default_factory=dict)
    items: list[Node] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.line != _ABSENT_LINE

    def at(self, *path: str) -> Node:
        """The node under keys; an absent one where there is none."""
        node = self
        for key in path:
            found = node.entries.get(key)
            if found is None:
                return Node()
            node = found
        return node

    @property
    def is_true(self) -> bool:
        """Whether it is a scalar that says yes."""
        return (self.text or "").lower() in {"true", "yes", "on"}

    @property
    def is_false(self) -> bool:
        """Whether it is a scalar that says no."""
        return (self.text or "").lower() in {"false", "no", "off"}

    def texts(self) -> set[str]:
        """Scalars of a list."""
        return {item.text for item in self.items if item.text is not None}


@dataclass(slots=True)
class _Reading:
    parser: Events
    anchors: dict[str, Node] = field(default_factory=dict)
    count: int = 0

    def node(self, depth: int = 0) -> Node:
        event = self.parser.get_event()
        self.count += 1
        if depth > _DEEPEST or self.count > _MOST:
            raise LimitExceededError(f"YAML deeper than {_DEEPEST} or over {_MOST} nodes")
        line = event.start_mark.line + 1
        if isinstance(event, events.AliasEvent):
            if event.anchor not in self.anchors:
                raise MalformedArtifactError(f"line {line}: no anchor {event.anchor!r}")
            return self.anchors[event.anchor]
        if isinstance(event, events.ScalarEvent):
            node = Node(line, event.value)
        elif isinstance(event, events.SequenceStartEvent):
            node = Node(line)
            while not self.parser.check_event(events.SequenceEndEvent):
                node.items.append(self.node(depth + 1))
            self.parser.get_event()
        else:
            node = self._map(line, depth)
        if event.anchor is not None:
            self.anchors[event.anchor] = node
        return node

    def _map(self, line: int, depth: int) -> Node:
        node, merged = Node(line), list[Node]()
        while not self.parser.check_event(events.MappingEndEvent):
            key = self.node(depth + 1)
            value = self.node(depth + 1)
            if key.text is None:
                raise MalformedArtifactError(f"line {key.line}: a key that is no text")
            if key.text == "<<":
                merged += value.items or [value]
                continue
            if key.text in node.entries:
                raise MalformedArtifactError(f"line {key.line}: {key.text!r} stands twice")
            # The key's line: a value may stand lower, and an anchor's far away.
            node.entries[key.text] = Node(key.line, value.text, value.entries, value.items)
        self.parser.get_event()
        for other in merged:
            self.count += len(other.entries)
            for name, value in other.entries.items():
                node.entries.setdefault(name, value)
        return node


def read_lines(text: bytes) -> list[Node]:
    """Every document of a YAML text.

    Raises:
        MalformedArtifactError: not YAML, or a key stands twice.
        LimitExceededError: nested too deep, or too many nodes.
    """
    found: list[Node] = []
    try:
        reading = _Reading(Events(text))
        while reading.parser.check_event():
            if reading.parser.check_event(
                events.ScalarEvent, events.CollectionStartEvent, events.AliasEvent
            ):
                found.append(reading.node())
            elif isinstance(reading.parser.get_event(), events.DocumentStartEvent):
                reading.anchors.clear()
    except PARSER_ERRORS as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}: " if mark else ""
        raise MalformedArtifactError(
            f"{place}not valid YAML: {' '.join(str(error).split())[:200]}"
        ) from error
    return found
