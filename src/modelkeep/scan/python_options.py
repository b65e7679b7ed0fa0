"""Options a module sets, each with the value that stands there.

An option is a keyword argument, the default of a parameter, a key of a dictionary, an
attribute or a name. As a value, a name that is bound once in the whole module, to a
constant, counts as that constant; nothing is computed. The walk of ``python_flow`` follows
calls of a known table; an option may be given to any call.

Sources: CPython ``ast``.
"""

from __future__ import annotations

import ast
import functools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MOST: Final = 200  # options of one module; a report of more helps nobody


@dataclass(frozen=True, slots=True)
class Option:
    """One option: its name, the tree of its value and its line."""

    name: str
    value: ast.expr
    line: int


def options(tree: ast.Module, form: re.Pattern[str]) -> list[Option]:
    """Options whose names hold a form, each once per line, in the order of their lines."""
    return [option for option in _every_option(tree) if form.search(option.name)][:_MOST]


@functools.lru_cache(maxsize=1)
def _every_option(tree: ast.Module) -> tuple[Option, ...]:
    """All options of a module; one tree is walked once for all rules."""
    nodes = list(ast.walk(tree))
    known = _constants(nodes)
    found: dict[tuple[int, str], Option] = {}
    for node in nodes:
        for name, value in _pairs(node):
            meant = known.get(value.id, value) if isinstance(value, ast.Name) else value
            found.setdefault((value.lineno, name), Option(name, meant, value.lineno))
    return tuple(sorted(found.values(), key=lambda option: (option.line, option.name)))


def _pairs(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Names and values that one node of a tree brings together."""
    if isinstance(node, ast.keyword) and node.arg is not None:
        yield node.arg, node.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
    elif isinstance(node, ast.arguments):
        yield from _defaults(node)
    elif isinstance(node, ast.Assign):
        yield from ((name, node.value) for target in node.targets for name in _name(target))
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        value = node.value
        yield from ((name, value) for name in _name(node.target))


def _defaults(node: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    plain = [*node.posonlyargs, *node.args]
    for given, value in zip(reversed(plain), reversed(node.defaults), strict=False):
        yield given.arg, value
    for given, default in zip(node.kwonlyargs, node.kw_defaults, strict=True):
        if default is not None:
            yield given.arg, default


def _name(target: ast.expr) -> Iterator[str]:
    """What is assigned to: a name, an attribute, or a key that is a text."""
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Attribute):
        yield target.attr
    elif isinstance(target, ast.Subscript):
        key = target.slice.value if isinstance(target.slice, ast.Constant) else None
        if isinstance(key, str):
            yield key


def _constants(nodes: list[ast.AST]) -> dict[str, ast.expr]:
    """Names that are bound once in the whole module, to a constant."""
    bound: Counter[str] = Counter()
    values: dict[str, ast.expr] = {}
    for node in nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound[node.id] += 1
        elif isinstance(node, ast.arg):
            bound[node.arg] += 1
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            values |= {t.id: node.value for t in node.targets if isinstance(t, ast.Name)}
    return {name: value for name, value in values.items() if bound[name] == 1}
