"""Built-in lists of rules, attacks and renderers, and what installed plug-ins add to them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import TypeVar

from modelkeep.core.errors import ModelkeepError

Item = TypeVar("Item")


def with_plugins(
    built_in: tuple[Item, ...], group: str, kind: type[Item], key: Callable[[Item], str]
) -> tuple[Item, ...]:
    """The built-in items and those of an entry point group.

    Args:
        built_in: the room's own list.
        group: entry point group, such as ``modelkeep.rules``.
        kind: what an entry point must be.
        key: an item's id or name, which must be its own.

    Raises:
        ModelkeepError: a plug-in is something else, or reuses an id.
    """
    found = list(built_in)
    for entry in entry_points(group=group):
        item = entry.load()
        if not isinstance(item, kind):
            raise ModelkeepError(
                f"plug-in {entry.name} ({entry.value}) is not a {kind.__name__}"
            )
        if key(item) in {key(known) for known in found}:
            raise ModelkeepError(f"plug-in {entry.name} reuses {key(item)!r}")
        found.append(item)
    return tuple(found)
