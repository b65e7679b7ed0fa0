"""Versions of models: immutable by digest, in a stage by signed statements, in one store."""

from modelkeep.registry.changes import approve, break_glass, enter, register
from modelkeep.registry.content import ContentStore, open_content
from modelkeep.registry.freshness import Ageing, ageing
from modelkeep.registry.interface import NEEDS, NEXT, Glass, Stage, Version, facts_of
from modelkeep.registry.ledger import (
    APPROVALS,
    LONGEST_GLASS,
    contradiction,
    find_version,
    lacks,
    list_versions,
    read_version,
)
from modelkeep.registry.supersession import superseded_by

__all__ = [
    "APPROVALS",
    "LONGEST_GLASS",
    "NEEDS",
    "NEXT",
    "Ageing",
    "ContentStore",
    "Glass",
    "Stage",
    "Version",
    "ageing",
    "approve",
    "break_glass",
    "contradiction",
    "enter",
    "facts_of",
    "find_version",
    "lacks",
    "list_versions",
    "open_content",
    "read_version",
    "register",
    "superseded_by",
]
