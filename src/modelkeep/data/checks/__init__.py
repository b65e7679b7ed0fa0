"""Checks of data: one kind of rule per file, run over all blocks in one pass."""

from modelkeep.data.checks.categories import CategoryCheck
from modelkeep.data.checks.checking import Checker, checks_of
from modelkeep.data.checks.cross_column import RowCheck
from modelkeep.data.checks.drafting import Drafter
from modelkeep.data.checks.interface import (
    CannotRunError,
    Check,
    CheckResult,
    ColumnRules,
    RowRule,
    Schema,
    View,
)
from modelkeep.data.checks.nulls import NullCheck
from modelkeep.data.checks.pandera_schema import import_pandera
from modelkeep.data.checks.patterns import PatternCheck
from modelkeep.data.checks.ranges import RangeCheck
from modelkeep.data.checks.schema_file import format_schema, parse_schema, read_schema
from modelkeep.data.checks.shape import ColumnsCheck
from modelkeep.data.checks.types import TypeCheck
from modelkeep.data.checks.uniqueness import UniquenessCheck
from modelkeep.data.checks.unread import UnreadCheck
from modelkeep.data.checks.views import view_of

KINDS = (
    ColumnsCheck,
    TypeCheck,
    NullCheck,
    RangeCheck,
    CategoryCheck,
    PatternCheck,
    UniquenessCheck,
    RowCheck,
    UnreadCheck,
)

__all__ = [
    "KINDS",
    "CannotRunError",
    "CategoryCheck",
    "Check",
    "CheckResult",
    "Checker",
    "ColumnRules",
    "ColumnsCheck",
    "Drafter",
    "NullCheck",
    "PatternCheck",
    "RangeCheck",
    "RowCheck",
    "RowRule",
    "Schema",
    "TypeCheck",
    "UniquenessCheck",
    "UnreadCheck",
    "View",
    "checks_of",
    "format_schema",
    "import_pandera",
    "parse_schema",
    "read_schema",
    "view_of",
]
