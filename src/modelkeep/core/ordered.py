"""Enums whose members compare in the order they are written."""

from __future__ import annotations

import enum


class OrderedEnum(enum.Enum):
    """String-valued enum, so JSON is lower case, with an order of its own."""

    @property
    def rank(self) -> int:
        """Position among the members, from 0."""
        return list(type(self)).index(self)

    def __lt__(self, other: OrderedEnum) -> bool:
        return self.rank < other.rank if type(self) is type(other) else NotImplemented

    def __le__(self, other: OrderedEnum) -> bool:
        return self.rank <= other.rank if type(self) is type(other) else NotImplemented

    def __gt__(self, other: OrderedEnum) -> bool:
        return self.rank > other.rank if type(self) is type(other) else NotImplemented

    def __ge__(self, other: OrderedEnum) -> bool:
        return self.rank >= other.rank if type(self) is type(other) else NotImplemented

    def __str__(self) -> str:
        return str(self.value)
