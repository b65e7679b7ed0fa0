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
        hidden: values that a later key of the same name replaced by another, each
            ``(key, value)``.
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
    """Depth first without recursion: documents may be nested deeper than Python's stack.

    Only the paths of open containers are held, so that a wide one costs no more.
    """
    yield (), root
    open_: list[tuple[Path, Iterator[tuple[str | int, object]]]] = [((), _inside(root))]
    while open_:
        path, inside = open_[-1]
        for step, value in inside:
            inner = (*path, step)
            yield inner, value
            if isinstance(value, dict | list):
                open_.append((inner, _inside(value)))
                break
        else:
            open_.pop()


def _inside(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        return iter(value.items())
    return iter(enumerate(value)) if isinstance(value, list) else iter(())
