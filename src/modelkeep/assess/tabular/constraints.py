"""What a row of a table may look like, so that an attack stays with rows that could exist.

Each column has a kind, a range and a direction, and may be immutable; columns may be linked
(one of a group is set; one is the sum of others). A file in TOML says so::

    [columns.age]
    kind = "integer"        # numeric, integer or categorical
    low = 17
    high = 90
    direction = "up"        # any, up or down: which way an attacker can move it

    [columns.country]
    immutable = true

    [[one_hot]]
    columns = ["is_new", "is_known", "is_closed"]

    [[sum]]
    total = "income"
    parts = ["salary", "rent"]

Sources: Simonetto et al., IJCAI 2022 (constrained feature spaces of attacks on tables);
TOML 1.0.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np

from modelkeep.core import InputError

Kind = Literal["numeric", "integer", "categorical"]
Direction = Literal["any", "up", "down"]


class ColumnRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column: its kind, its range, and how far an attacker controls it."""

    kind: Kind = "numeric"
    low: float = -math.inf
    high: float = math.inf
    immutable: bool = False
    direction: Direction = "any"


class OneHot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Columns of which exactly one is 1 and the others are 0."""

    columns: tuple[str, ...]


class Sum(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column that is the sum of others."""

    total: str
    parts: tuple[str, ...]


class Constraints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All rules of a table; a column without one is numeric and free."""

    columns: dict[str, ColumnRule] = msgspec.field(default_factory=dict[str, ColumnRule])
    one_hot: tuple[OneHot, ...] = ()
    sum: tuple[Sum, ...] = ()

    def named(self) -> Iterator[str]:
        """Every column that some rule names."""
        yield from self.columns
        for group in self.one_hot:
            yield from group.columns
        for rule in self.sum:
            yield from (rule.total, *rule.parts)

    def describe(self) -> str:
        """The rules in one line."""
        rules = self.columns.values()
        parts = {
            "integer": sum(rule.kind == "integer" for rule in rules),
            "categorical": sum(rule.kind == "categorical" for rule in rules),
            "immutable": sum(rule.immutable for rule in rules),
            "one-way": sum(rule.direction != "any" for rule in rules),
            "one-hot groups": len(self.one_hot),
            "sums": len(self.sum),
        }
        said = ", ".join(f"{count} {name}" for name, count in parts.items() if count)
        return said or "all columns numeric and free within their range"


def read_constraints(path: Path, columns: tuple[str, ...]) -> Constraints:
    """Read a constraint file for a table of these columns.

    Raises:
        InputError: it cannot be read, holds an unknown key, or names an unknown column.
    """
    try:
        found = msgspec.convert(tomllib.loads(path.read_text("utf-8")), Constraints)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise InputError(f"{path}: no constraints ({error})") from error
    unknown = sorted(set(found.named()) - set(columns))
    if unknown:
        raise InputError(
            f"{path}: no such columns: {', '.join(unknown[:5])}",
            f"Columns: {', '.join(columns[:20])}",
        )
    empty = [name for name, rule in found.columns.items() if not rule.low <= rule.high]
    if empty:
        raise InputError(f"{path}: {empty[0]} has an empty range")
    return found


def write_constraints(constraints: Constraints) -> str:
    """Constraints as the text of a file, to be read again or edited."""
    lines = []
    for name, column in constraints.columns.items():
        lines.append(f"[columns.{_text(name)}]")
        lines += [f"{key} = {_value(value)}" for key, value in _said(column)]
        lines.append("")
    for group in constraints.one_hot:
        lines += ["[[one_hot]]", f"columns = {_value(group.columns)}", ""]
    for rule in constraints.sum:
        parts = _value(rule.parts)
        lines += ["[[sum]]", f"total = {_text(rule.total)}", f"parts = {parts}", ""]
    return "\n".join(lines)


def _said(rule: ColumnRule) -> Iterator[tuple[str, object]]:
    plain = ColumnRule()
    for key in rule.__struct_fields__:
        value = getattr(rule, key)
        if key == "kind" or value != getattr(plain, key):
            yield key, value


def _text(value: str) -> str:
    return msgspec.json.encode(value).decode()  # a JSON string is a TOML basic string


def _value(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(_text(part) for part in value)}]"
    return repr(float(value)) if isinstance(value, int | float) else _text(str(value))


def integral(constraints: Constraints, columns: tuple[str, ...]) -> np.ndarray:
    """Which columns hold whole numbers, shape ``(features,)``."""
    rules = constraints.columns
    return np.array([name in rules and rules[name].kind == "integer" for name in columns])
