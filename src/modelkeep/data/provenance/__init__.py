"""Where data comes from: publishers' descriptions, datasheets, chains of transformations."""

from modelkeep.data.provenance.croissant import read_croissant, write_croissant
from modelkeep.data.provenance.datasheet import write_datasheet
from modelkeep.data.provenance.interface import (
    RESPONSIBLE,
    UNKNOWN,
    DescribedFile,
    Description,
    Lineage,
    Origin,
    Step,
)

__all__ = [
    "RESPONSIBLE",
    "UNKNOWN",
    "DescribedFile",
    "Description",
    "Lineage",
    "Origin",
    "Step",
    "read_croissant",
    "write_croissant",
    "write_datasheet",
]
