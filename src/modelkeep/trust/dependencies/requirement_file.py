"""Requirement and constraint files of pip, and what ``pip freeze`` prints.

A requirement may run over several lines and carry digests; the line is where it starts.
What names no package of the index (an address, a folder) is handed out as unread.

Sources: PEP 508; PEP 440; pip documentation, requirements file format.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from modelkeep.trust.dependencies.interface import Dependency, DependencyFile, Unread

_COMMENT: Final = re.compile(r"(?:^|\s)#.*$")
_OPTIONS: Final = re.compile(r"\s--?[a-z]\S*.*$", re.DOTALL)
_INCLUDE: Final = re.compile(r"(?:-r|-c|--requirement|--constraint)[ =]*(.+)")
_EXACT: Final = frozenset({"==", "==="})


def read_requirement_file(text: str) -> DependencyFile:
    """What a requirement file names; what cannot be understood is in ``unread``."""
    dependencies: list[Dependency] = []
    unread: list[Unread] = []
    includes: list[tuple[int, str]] = []
    for number, line in _logical_lines(text):
        include = _INCLUDE.fullmatch(line)
        if include:
            includes.append((number, include[1].strip()))
        elif line.startswith("-"):
            unread += _of_option(number, line)
        else:
            made = _requirement(number, line)
            (dependencies if isinstance(made, Dependency) else unread).append(made)  # type: ignore[arg-type]
    return DependencyFile("requirements", tuple(dependencies), tuple(unread), tuple(includes))


def pinned_version(requirement: Requirement) -> str | None:
    """The one version a requirement allows; ``None`` if it allows several."""
    exact = [one.version for one in requirement.specifier if one.operator in _EXACT]
    return exact[0] if exact and not exact[0].endswith(".*") else None


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    start, parts = 0, list[str]()
    for number, raw in enumerate(text.splitlines(), 1):
        start = start or number
        line = _COMMENT.sub("", raw)
        if line.rstrip().endswith("\\"):
            parts.append(line.rstrip()[:-1])
            continue
        whole = "".join([*parts, line]).strip()
        if whole:
            yield start, whole
        start, parts = 0, []
    if parts and "".join(parts).strip():
        yield start, "".join(parts).strip()


def _of_option(number: int, line: str) -> list[Unread]:
    """An editable install brings a package; every other option of pip brings none."""
    try:
        words = shlex.split(line)
    except ValueError:
        return [Unread(number, line, "cannot be understood")]
    if words[0].partition("=")[0] in {"-e", "--editable"}:
        return [Unread(number, line, "is installed from a folder or an address")]
    return []


def _requirement(number: int, line: str) -> Dependency | Unread:
    plain = _OPTIONS.sub("", line).strip()
    try:
        parsed = Requirement(plain)
    except InvalidRequirement:
        why = "is an address or a path" if "/" in plain else "is no requirement (PEP 508)"
        return Unread(number, plain, why)
    if parsed.url is not None:
        return Unread(number, plain, "is installed from an address")
    name = str(canonicalize_name(parsed.name))
    return Dependency(name, pinned_version(parsed), number, plain, "--hash" in line)
