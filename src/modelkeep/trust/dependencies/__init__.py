"""What an environment is built from: vulnerable, lookalike and unpinned packages."""

from typing import Final

from modelkeep.trust.dependencies import known_vulnerability, lookalike, unpinned
from modelkeep.trust.dependencies.interface import Dependency, DependencyFile, Unread
from modelkeep.trust.dependencies.known_vulnerability import find_known
from modelkeep.trust.dependencies.lookalike import find_lookalike
from modelkeep.trust.dependencies.osv import Database, read_database
from modelkeep.trust.dependencies.reading import (
    MOST_BYTES,
    is_dependency_file,
    read_dependencies,
)
from modelkeep.trust.dependencies.unpinned import find_unpinned
from modelkeep.trust.dependencies.vex import Exemption, read_vex

DEPENDENCY_RULES: Final = (known_vulnerability.RULE, lookalike.RULE, unpinned.RULE)

__all__ = [
    "DEPENDENCY_RULES",
    "MOST_BYTES",
    "Database",
    "Dependency",
    "DependencyFile",
    "Exemption",
    "Unread",
    "find_known",
    "find_lookalike",
    "find_unpinned",
    "is_dependency_file",
    "read_database",
    "read_dependencies",
    "read_vex",
]
