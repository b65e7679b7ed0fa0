"""Bounded readers of file formats; none of them loads or imports what it reads.

A format is one file here with its test beside it in ``tests/formats``; third parties
add theirs under the entry point group ``modelkeep.formats``.
"""

from modelkeep.formats.interface import (
    Budget,
    Format,
    Limits,
    MemorySource,
    Part,
    Reading,
    Slice,
    Source,
    cut,
    part,
    read_exactly,
)
from modelkeep.formats.registry import BUILT_IN, formats
from modelkeep.formats.sniff import sniff

__all__ = [
    "BUILT_IN",
    "Budget",
    "Format",
    "Limits",
    "MemorySource",
    "Part",
    "Reading",
    "Slice",
    "Source",
    "cut",
    "formats",
    "part",
    "read_exactly",
    "sniff",
]
