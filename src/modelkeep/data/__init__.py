"""Data sets: seal them, and name every file, block, column and row not as sealed."""

from modelkeep.data.interface import BLOCK, DataManifest, Difference, Options
from modelkeep.data.seal_file import (
    SealFile,
    open_tags,
    place_of_seal,
    place_of_tags,
    read_seal,
    require_consistent,
    write_seal,
)
from modelkeep.data.sealing import Others, Sealed, key_name, root_of, seal_data, style_of
from modelkeep.data.tables import read_blocks
from modelkeep.data.verifying import compare_data

__all__ = [
    "BLOCK",
    "DataManifest",
    "Difference",
    "Options",
    "Others",
    "SealFile",
    "Sealed",
    "compare_data",
    "key_name",
    "open_tags",
    "place_of_seal",
    "place_of_tags",
    "read_blocks",
    "read_seal",
    "require_consistent",
    "root_of",
    "seal_data",
    "style_of",
    "write_seal",
]
