"""A document of nested maps and lists, whatever text or binary form it came in.

JSON, YAML, msgpack and their like become one shape, so that a rule about configuration is
written once. Two parsers may choose different values for a key that is given twice;
here none is lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Path = tuple[str | int, ...]


@dataclass(slots=True)
class Tree:
    """A parsed document.

    Attributes:
        value: ``dict``, ``list``, ``str``, ``int``, ``float``, ``bool`` or ``None``; for a
            key given twice the last value.
        hidden: values that a later key of the same name replaced, each ``(key, value)``.
        tags: types a YAML document asks its parser to construct, each ``(line, tag)``.
    """

    value: object = None
    hidden: list[tuple[str, object]] = field(default_factory=list)
    tags: list[tuple[int, str]] = field(default_factory=list)

    def walk(self) -> Iterator[tuple[Path, object]]:
        """Every value with its path, containers before what they hold, hidden ones last."""
        yield from _walk(self.value)
        for key, value in self.hidden:
            for path, inner in _walk(value):
                yield (key, *path), inner

    def mappings(self) -> Iterator[tuple[Path, dict[str, object]]]:
        """Every map with its path."""
        for path, value in self.walk():
            if isinstance(value, dict):
                yield path, value


def _walk(root: object) -> Iterator[tuple[Path, object]]:
    """Depth first without recursion: documents may be nested deeper than Python's stack."""
    waiting: list[tuple[Path, object]] = [((), root)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [
                ((*path, place), value[place]) for place in range(len(value) - 1, -1, -1)
            ]
