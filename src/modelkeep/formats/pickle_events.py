"""What a pickle would do, as data: names imported, calls made, state given.

The reader (``pickle_stream``) yields these; rules judge them. Nothing here is a live
object: an ``Import`` is a name, a ``Result`` says whose call would have made a value.
"""

from __future__ import annotations

import _compat_pickle
from dataclasses import dataclass, field
from typing import Final, Literal

from modelkeep.formats.interface import Budget

# Modules in which Python 3 moved or renamed something.
_OLD: Final = frozenset(_compat_pickle.IMPORT_MAPPING) | {
    module for module, _ in _compat_pickle.NAME_MAPPING
}
How = Literal["reduce", "newobj", "obj", "inst", "build", "fill"]


@dataclass(frozen=True, slots=True)
class Import:
    """A name the stream would import; ``None`` where it could not be resolved.

    Attributes:
        module: as the stream gives it.
        name: as the stream gives it, possibly dotted.
        offset: of the opcode that imports it.
        opcode: which one, or the call that looks the name up, such as ``getattr``.
        computed: whether the stream builds the name from pieces while it runs.
    """

    module: str | None
    name: str | None
    offset: int
    opcode: str
    computed: bool = False

    @property
    def dotted(self) -> str:
        """The name as Python 3 would look it up, ``?`` for what is not known."""
        if self.module is None or self.name is None:
            return f"{self.module or '?'}.{self.name or '?'}"
        if self.module not in _OLD:
            return f"{self.module}.{self.name}"
        first, dot, rest = self.name.partition(".")
        module, name = _compat_pickle.NAME_MAPPING.get(
            (self.module, first), (self.module, first)
        )
        return f"{_compat_pickle.IMPORT_MAPPING.get(module, module)}.{name}{dot}{rest}"

    @property
    def resolved(self) -> bool:
        """Whether both halves of the name are known without running the stream."""
        return self.module is not None and self.name is not None


@dataclass(frozen=True, slots=True)
class Result:
    """What calling ``callee`` would have returned; ``None``: of something unknown."""

    callee: Import | Result | None
    how: How = "reduce"

    @property
    def dotted(self) -> str:
        """The callee's name followed by ``()``."""
        return f"{self.callee.dotted if self.callee is not None else '?'}()"


@dataclass(frozen=True, slots=True)
class Use:
    """Something done with a name: called, instantiated, given state or filled.

    Attributes:
        target: what is called, or what ``BUILD``, ``APPENDS`` and the like write to: an
            ``Import`` (a module, class or function itself) or a ``Result`` (an instance).
        how: by which opcode.
        offset: of that opcode.
        arguments: what the call is given: ``str`` and ``bytes`` constants, ``Import``,
            ``Result``, tuples of these, ``None`` for anything else. For ``build``: texts of
            the state that its class would run (``pickle_policy.executed``).
        keys: for ``build``, the keys of the state that are text.
    """

    target: Import | Result
    how: How
    offset: int
    arguments: tuple[object, ...] = ()
    keys: tuple[str, ...] = ()


Event = Import | Use


def is_plausible(target: Import | Result) -> bool:
    """Whether a name could be one, so that bytes which use it are no chance.

    An extension code alone may be any byte of another format.
    """
    if isinstance(target, Result):
        return False
    if not target.resolved:
        return not target.opcode.startswith("EXT")
    pieces = (*(target.module or "").split("."), *(target.name or "").split("."))
    return all(piece.isidentifier() for piece in pieces)


@dataclass(slots=True)
class PickleDocument:
    """What the pickles of a stream would import and do, each once, and where they end."""

    events: list[Event] = field(default_factory=list)
    end: int = 0
    notes: dict[object, object] = field(default_factory=dict)
    """What one rule worked out and another would work out again."""
    _seen: set[object] = field(default_factory=set)

    def add(self, event: Event, budget: Budget) -> None:
        """Keep an event unless the same was seen before.

        Raises:
            LimitExceededError: more distinct ones than the budget has entries.
        """
        key = (
            ("import", event.dotted, event.opcode)
            if isinstance(event, Import)
            else ("use", event.target.dotted, event.how, _signature(event))
        )
        if key not in self._seen:
            budget.entry()
            self._seen.add(key)
            self.events.append(event)


def _signature(use: Use) -> tuple[str, ...]:
    """What tells two uses of one name apart: the names among the arguments, the keys."""
    names = (a.dotted for a in use.arguments if isinstance(a, Import | Result))
    texts = (a for a in use.arguments if use.how == "build" and isinstance(a, str))
    return (*names, *texts, *use.keys)
