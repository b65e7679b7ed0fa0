"""Built-in lists of rules, attacks and renderers, and what installed plug-ins add to them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoints, entry_points
from typing import TypeVar, cast

from modelkeep.core.errors import ModelkeepError

Item = TypeVar("Item")


@functools.lru_cache(maxsize=1)
def _installed(_: tuple[str, ...]) -> EntryPoints:
    """Every entry point; reading them all takes longer than reading a model does."""
    # Python 3.11 hands out a class of another name here that can do the same.
    return cast("EntryPoints", entry_points())


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
    for entry in _installed(tuple(sys.path)).select(group=group):
        item = entry.load()
        if not isinstance(item, kind):
            raise ModelkeepError(
                f"plug-in {entry.name} ({entry.value}) is not a {kind.__name__}"
            )
        if key(item) in {key(known) for known in found}:
            raise ModelkeepError(f"plug-in {entry.name} reuses {key(item)!r}")
        found.append(item)
    return tuple(found)
