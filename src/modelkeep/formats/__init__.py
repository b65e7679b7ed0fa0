"""Bounded readers of file formats; none of them loads or imports what it reads."""

from modelkeep.formats.interface import (
    Budget,
    Limits,
    MemorySource,
    Slice,
    Source,
    cut,
    read_exactly,
)
from modelkeep.formats.sniff import sniff

__all__ = [
    "Budget",
    "Limits",
    "MemorySource",
    "Slice",
    "Source",
    "cut",
    "read_exactly",
    "sniff",
]
