"""What the names of a template may stand for while it is walked.

A name has one or more possible values: both ways of a condition are taken.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from modelkeep.formats.jinja_values import UNKNOWN

_OPTIONS: Final = 8

Options = tuple[object, ...]
Scope = dict[str, Options]


@dataclass(frozen=True, slots=True)
class Event:
    """One thing a template does.

    Attributes:
        kind: ``internal`` (a name of Python's internals), ``computed`` (a name that cannot be
            known), ``sink`` (a call that starts programs, whatever it hangs on), ``runs`` (one
            that does if it hangs on internals), ``include``, ``huge``.
        line: where.
        text: the name, or what is computed.
    """

    kind: str
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Branch:
    """A condition on what the conversation holds.

    Attributes:
        line: where it stands.
        words: texts that it looks for.
        text: what is written where it holds.
    """

    line: int
    words: tuple[str, ...]
    text: str


@dataclass(slots=True)
class Namespace:
    """What ``namespace()`` makes: names that keep their values out of a loop."""

    values: Scope = field(default_factory=dict)


def options_of(values: Iterable[object]) -> Options:
    """Values without repetition; too many of them include an unknown one."""
    kept: list[object] = []
    for value in values:
        if any(value is other or _same(value, other) for other in kept):
            continue
        if len(kept) == _OPTIONS:
            return (*kept, UNKNOWN)
        kept.append(value)
    return tuple(kept) or (UNKNOWN,)


def _same(left: object, right: object) -> bool:
    return isinstance(left, str | int) and type(left) is type(right) and left == right


def product(function: Callable[[Sequence[object]], object], many: Sequence[Options]) -> Options:
    """Apply a function to every choice of values, as far as they are few."""
    if all(len(options) == 1 for options in many):
        return (function([options[0] for options in many]),)
    choices = itertools.islice(itertools.product(*many), 2 * _OPTIONS)
    return options_of(function(choice) for choice in choices)


def loop_values(place: int, items: Sequence[object]) -> object:
    """The ``loop`` of one round."""
    last = len(items) - 1
    return {
        "index": place + 1, "index0": place, "first": place == 0, "last": place == last,
        "length": len(items), "revindex": last - place + 1, "revindex0": last - place,
    }  # fmt: skip
