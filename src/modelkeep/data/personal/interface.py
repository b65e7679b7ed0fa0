"""What a kind of personal data or secret is: a form, and what makes a match real."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

_SHOWN_ENDS: Final = 1


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind.

    Attributes:
        name: for people.
        pattern: in the common part of RE2 and Python: no look-around, no reference back,
            every repetition bounded.
        is_real: whether a match is more than something of that form.
        chance: share of random matches of the form that ``is_real`` lets pass.
        hide: whether a sample shows no letter of it at all.
    """

    name: str
    pattern: str
    is_real: Callable[[str], bool]
    chance: float = 0.0
    hide: bool = False


class Span(msgspec.Struct, frozen=True):
    """One place: row from 0, characters of the cell from 0, and the masked text."""

    row: int
    start: int
    end: int
    masked: str


class Held(msgspec.Struct, frozen=True):
    """What one column of one file holds of one kind.

    Attributes:
        path: the file.
        column: its column; empty for a file of text.
        kind: name of the kind.
        count: real matches.
        candidates: matches of the form, real or not.
        by_chance: whether so many would be real in random numbers too.
        spans: the first of them, masked.
    """

    path: str
    column: str
    kind: str
    count: int
    candidates: int
    by_chance: bool
    spans: list[Span]


def mask(text: str, *, hide: bool = False) -> str:
    """Letters and digits replaced, but the first and the last; all of them to ``hide``."""
    if hide or len(text) < 6:  # noqa: PLR2004 - the ends would be a third of it
        return "*" * min(len(text), 12)
    inner = text[_SHOWN_ENDS:-_SHOWN_ENDS]
    return text[0] + "".join("*" if c.isalnum() else c for c in inner) + text[-1]


def luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(map(int, reversed(digits))):
        doubled = digit * (1 + place % 2)
        total += doubled - 9 * (doubled > 9)  # noqa: PLR2004 - the sum of its digits
    return total % 10 == 0
