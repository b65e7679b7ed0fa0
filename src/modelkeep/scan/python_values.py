"""Values of a program that is read and not run: what is known of them, and their origin.

A value may be a known constant, a text with holes where something is unknown, a name in
a module, a function, or nothing at all; its labels say where it came from.

Sources: the usual lattice of constant propagation and taint analysis.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final

HOLE: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Stands in a text for what is not known."""
LONGEST: Final = 1 << 20
"""Longest text that is followed; longer ones keep their labels only."""
_MOST: Final = 100_000
"""Most elements of a sequence that is followed."""


class _Missing:
    """No constant is known."""

    def __repr__(self) -> str:
        return "unknown"


MISSING: Final = _Missing()
NETWORK: Final = "network"
DECODED: Final = "decoded"
ASSEMBLED: Final = "assembled"
FILE: Final = "file"
SECRET: Final = "secret"  # noqa: S105 - a label, not a password
ENVIRONMENT: Final = "environment"
WHOLE: Final = "whole environment"
"""Every variable at once, not one that a program asks for by its name."""
VARIABLE: Final = "variable"
HOST: Final = "host"
SITE: Final = "site"
HUB: Final = "model hub"
CODE: Final = "code"


@dataclass(frozen=True, slots=True)
class Value:
    """What is known of a value.

    Attributes:
        dotted: its name where it is something imported, such as ``os.system``; a call's
            result is named after the callee, ``socket.socket()``.
        constant: the value itself where it is known.
        text: a string, with ``HOLE`` for unknown pieces.
        items: elements of a list, tuple or set written out.
        labels: where it came from.
        node: the function or class it is.
        instance: whether it is an object of class ``node``.
    """

    dotted: str = ""
    constant: object = MISSING
    text: str = ""
    items: tuple[Value, ...] | None = None
    labels: frozenset[str] = frozenset()
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef | None = None
    instance: bool = False

    @property
    def known(self) -> bool:
        """Whether the value itself is known."""
        return self.constant is not MISSING


UNKNOWN: Final = Value()


def constant(value: object, labels: frozenset[str] = frozenset()) -> Value:
    """A known value, unless it is too large to follow."""
    if isinstance(value, str | bytes | bytearray | list | tuple):
        limit = LONGEST if isinstance(value, str | bytes | bytearray) else _MOST
        if len(value) > limit:
            return Value(labels=labels)
    return Value(constant=value, text=value if isinstance(value, str) else "", labels=labels)


def labelled(value: Value, labels: frozenset[str]) -> Value:
    """The value with further labels."""
    if labels <= value.labels:
        return value
    return Value(
        value.dotted,
        value.constant,
        value.text,
        value.items,
        value.labels | labels,
        value.node,
        value.instance,
    )


def joined(*values: Value) -> frozenset[str]:
    """The labels of all values."""
    return frozenset[str]().union(*(value.labels for value in values))


def shown(value: Value) -> str:
    """A text for a value as far as it is known."""
    if isinstance(value.constant, str):
        return value.constant
    if isinstance(value.constant, int | float):
        return str(value.constant)
    return value.text or HOLE


def flat(value: Value) -> str:
    """All text in a value and its elements, for search."""
    if value.items is not None:
        return " ".join(flat(item) for item in value.items[:1000])
    if isinstance(value.constant, bytes | bytearray):
        return bytes(value.constant).decode("latin-1")
    if isinstance(value.constant, list | tuple):
        return " ".join(str(item) for item in value.constant[:1000])
    return shown(value).replace(HOLE, "") if value.constant is not None else ""


def sequence(items: tuple[Value, ...]) -> Value:
    """A list or tuple of values; constant where all of them are."""
    labels = joined(*items)
    if len(items) <= _MOST and all(item.known for item in items):
        return Value(constant=[i.constant for i in items], items=items, labels=labels)
    return Value(items=items[:_MOST], labels=labels)
