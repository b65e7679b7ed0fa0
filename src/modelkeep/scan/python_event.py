"""One act of a module: what the walk of its code notes and the rules about code judge.

Sources: the acts of ``python_policy``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from modelkeep.scan.python_policy import Act
from modelkeep.scan.python_scopes import Place
from modelkeep.scan.python_values import UNKNOWN, Value


@dataclass(frozen=True, slots=True)
class Event:
    """One act.

    Attributes:
        act: what the call does.
        name: the callee as the policy spells it.
        place: when it runs.
        line: where it stands.
        args: its positional arguments.
        named: its keyword arguments.
        receiver: what a method is called on.
        called: whether it is called here, or handed on as a value.
    """

    act: Act
    name: str
    place: Place
    line: int
    args: tuple[Value, ...] = ()
    named: Mapping[str, Value] = field(default_factory=dict[str, Value])
    receiver: Value = UNKNOWN
    called: bool = True

    def argument(self, position: int, name: str = "") -> Value:
        """An argument by position or keyword."""
        if position < len(self.args):
            return self.args[position]
        return self.named.get(name, UNKNOWN)

    @property
    def values(self) -> tuple[Value, ...]:
        """All arguments."""
        return (*self.args, *self.named.values())

    @property
    def labels(self) -> frozenset[str]:
        """Where the arguments come from."""
        return frozenset[str]().union(*(value.labels for value in self.values))
