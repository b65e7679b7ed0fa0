"""A package that an environment is built from, as one line of a file names it."""

from __future__ import annotations

from dataclasses import dataclass

from modelkeep.core import Confidence, Finding, Location, Rule, Severity
from modelkeep.core.text import printable


@dataclass(frozen=True, slots=True)
class Dependency:
    """One package of the index.

    Attributes:
        name: as the index normalises it: ``scikit-learn``.
        version: the one version that would be installed; ``None`` where several would do.
        line: where it stands, from 1.
        text: the requirement as written.
        hashed: whether a digest of its files stands beside it.
    """

    name: str
    version: str | None
    line: int
    text: str
    hashed: bool = False


@dataclass(frozen=True, slots=True)
class Unread:
    """A line that names something no database of the index knows, and why."""

    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class DependencyFile:
    """What a requirement or lock file names.

    Attributes:
        format: kind of file, such as ``requirements`` or ``uv.lock``.
        dependencies: in the order of the file.
        unread: lines that were left out, each with its reason.
        includes: files whose pins count here too, as written there (``-c``, ``-r``).
    """

    format: str
    dependencies: tuple[Dependency, ...]
    unread: tuple[Unread, ...] = ()
    includes: tuple[tuple[int, str], ...] = ()


def found(  # noqa: PLR0913 - keyword-only after the place
    rule: Rule,
    path: str,
    dependency: Dependency,
    *,
    severity: Severity,
    message: str,
    confidence: Confidence = Confidence.HIGH,
    evidence: dict[str, str] | None = None,
) -> Finding:
    """A finding about a dependency, with its line, safe to print."""
    told = {"package": dependency.name, "line": str(dependency.line), **(evidence or {})}
    return Finding(
        rule,
        severity,
        confidence,
        printable(f"line {dependency.line}: {message}"),
        Location(path),
        {key: printable(value) for key, value in told.items()},
    )
