"""Modules that lie beside the one that is read: a call into one of them is followed.

Code is often split so that one file defines what another calls while it is imported. Names
imported from a module of the same artifact are bound to the functions it defines; their
bodies are then walked where they are called. One hop is followed: what the other module
imports from a third one stays a name.

Sources: Python language reference, the import system, package relative imports.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from modelkeep.core import MalformedArtifactError
from modelkeep.formats.python_source import decode, parse

if TYPE_CHECKING:
    import ast

_LONGEST: Final = 1 << 20
_MOST: Final = 16
"""Modules that are read for one file."""

Beside = Callable[[str], "bytes | None"]
"""The bytes of a file of the artifact by its shown name, if there is one."""
Siblings = Callable[[str, int], "ast.Module | None"]
"""The tree of a module by its dotted name and the number of dots before it."""


def siblings(path: str, beside: Beside) -> Siblings:
    """Find modules as the file at ``path`` would import them.

    Args:
        path: shown name of the importing file.
        beside: reads files of the artifact.
    """
    found: dict[str, ast.Module | None] = {}

    def find(module: str, level: int) -> ast.Module | None:
        for name in _places(path, module, level):
            if name not in found and len(found) < _MOST * 3:
                found[name] = _tree(beside(name))
            if found.get(name) is not None:
                return found[name]
        return None

    return find


def _places(path: str, module: str, level: int) -> Iterator[str]:
    """Names of files that a module may lie in."""
    folder = posixpath.dirname(path)
    for _ in range(level - 1):
        folder = posixpath.dirname(folder)
    inner = module.replace(".", "/")
    for start in dict.fromkeys((folder, "" if not level else folder)):
        base = posixpath.join(start, inner) if inner else start
        yield f"{base}.py"
        yield posixpath.join(base, "__init__.py")


def _tree(raw: bytes | None) -> ast.Module | None:
    if raw is None or len(raw) > _LONGEST:
        return None
    try:
        return parse(decode(raw))
    except MalformedArtifactError:
        return None
