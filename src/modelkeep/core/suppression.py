"""Findings that somebody decided to live with: ``[[ignore]]`` entries of the settings file.

    [[ignore]]
    rule = "PKL001"
    path = "legacy/*.pkl"
    reason = "ours, read line by line in March"
    until = 2027-01-31

Rule and path say what, the reason why (an entry without one is refused), ``until`` for how
long. Such a finding is still counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from modelkeep.core.errors import UsageError
from modelkeep.core.globs import matches

_KEYS = ("rule", "path", "reason", "until")


@dataclass(frozen=True, slots=True)
class Ignore:
    """One entry.

    Attributes:
        rule: id or name of a rule, or ``*``.
        path: glob over a file's path, or over ``file!member``.
        reason: in the words of whoever decided so.
        until: last day it holds; ``None`` means for good.
    """

    rule: str
    path: str
    reason: str
    until: dt.date | None = None

    def covers(self, rules: tuple[str, ...], names: tuple[str, ...]) -> bool:
        """Whether it is about a rule, by id and name, and a file, by its several names."""
        return (self.rule == "*" or self.rule in rules) and matches(self.path, *names)

    def expired(self, today: dt.date) -> bool:
        """Whether its last day has passed."""
        return self.until is not None and self.until < today

    def __str__(self) -> str:
        return f"ignore of {self.rule} in {self.path}"


def read_ignores(found: object, origin: str) -> tuple[Ignore, ...]:
    """Entries as TOML gives them.

    Raises:
        UsageError: an entry lacks something, or has an unknown key.
    """
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise UsageError(f"{origin}: ignore must be written as [[ignore]]")
    return tuple(
        _ignore(entry, f"{origin}: [[ignore]] {n}") for n, entry in enumerate(found, 1)
    )


def _ignore(entry: Mapping[str, object], origin: str) -> Ignore:
    for key in entry:
        if key not in _KEYS:
            raise UsageError(f"{origin}: unknown key {key!r}", f"Use {', '.join(_KEYS)}.")
    return Ignore(
        _text(entry, "rule", origin),
        _text(entry, "path", origin),
        _text(entry, "reason", origin),
        _day(entry.get("until"), origin),
    )


def _text(entry: Mapping[str, object], key: str, origin: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{origin}: {key} is missing", "An entry says rule, path and reason.")
    return value


def _day(value: object, origin: str) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if value is None or isinstance(value, dt.date):
        return value
    try:
        return dt.date.fromisoformat(str(value))
    except ValueError:
        raise UsageError(f"{origin}: until must be a day such as 2027-01-31") from None
