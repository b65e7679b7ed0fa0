"""Lock files: ``poetry.lock``, ``uv.lock``, ``pdm.lock``, ``pylock.toml``, ``Pipfile.lock``.

The parsers of the standard library give no lines; the n-th package of a TOML lock stands
under the n-th header of its list, and a package of a Pipfile lock at its key.

Sources: PEP 751 (pylock.toml); the documentation of poetry, uv, pdm and pipenv.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any, Final

from packaging.utils import canonicalize_name

from modelkeep.core import MalformedArtifactError
from modelkeep.trust.dependencies.interface import Dependency, DependencyFile, Unread

_HEADER: Final = re.compile(r"^[ \t]*\[\[[ \t]*(?:package|packages)[ \t]*\]\]", re.MULTILINE)
_NAME: Final = re.compile(r"[ \t]*name[ \t]*=")
_ELSEWHERE: Final = ("git", "url", "path", "directory", "vcs", "archive", "editable", "virtual")
_SECTIONS: Final = ("default", "develop")


def read_toml_lock(text: str, format_: str) -> DependencyFile:
    """What a TOML lock pins.

    Raises:
        MalformedArtifactError: it is no TOML, or has no list of packages.
    """
    try:
        document = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise MalformedArtifactError(f"not valid TOML: {error}") from error
    packages = document.get("package", document.get("packages"))
    starts = [match.start() for match in _HEADER.finditer(text)]
    if not isinstance(packages, list) or len(packages) != len(starts):
        raise MalformedArtifactError("no list of packages as lock files have it")
    made = [
        _locked(package, line)
        for package, line in zip(packages, _lines(text, starts), strict=True)
    ]
    return _sorted(format_, made)


def read_pipfile_lock(text: str) -> DependencyFile:
    """What a ``Pipfile.lock`` pins.

    Raises:
        MalformedArtifactError: it is no JSON object of sections.
    """
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedArtifactError(f"not valid JSON: {error}") from error
    if not isinstance(document, dict) or not any(s in document for s in _SECTIONS):
        raise MalformedArtifactError("no section `default` or `develop`")
    made = []
    for section in _SECTIONS:
        packages = document.get(section, {})
        if not isinstance(packages, dict):
            raise MalformedArtifactError(f"section {section} is no object")
        after = max(0, text.find(f'"{section}"'))
        for name, package in packages.items():
            key = re.compile(re.escape(json.dumps(name)) + r"\s*:").search(text, after)
            line = text.count("\n", 0, key.start() if key else after) + 1
            fields = package if isinstance(package, dict) else {}
            version = fields.get("version")
            exact = str(version).removeprefix("==") if version is not None else None
            made.append(_locked({**fields, "name": name, "version": exact}, line))
    return _sorted("Pipfile.lock", made)


def _lines(text: str, starts: list[int]) -> Iterator[int]:
    """The line of the name below each header, or of the header itself."""
    lines = text.splitlines()
    for start in starts:
        header = text.count("\n", 0, start)
        following = range(header + 1, min(header + 12, len(lines)))
        yield next((n for n in following if _NAME.match(lines[n])), header) + 1


def _locked(package: object, line: int) -> Dependency | Unread | None:
    """One entry; nothing for the project that the lock belongs to."""
    fields = package if isinstance(package, dict) else {}
    name, version = fields.get("name"), fields.get("version")
    if not isinstance(name, str) or not name:
        raise MalformedArtifactError(f"line {line}: a package without a name")
    place = _elsewhere(fields)
    if place == ".":
        return None
    if place:
        return Unread(line, name, f"is installed from {place}")
    exact = version if isinstance(version, str) and version else None
    hashed = any(fields.get(key) for key in ("files", "hashes", "wheels", "sdist"))
    text = f"{name}=={exact}" if exact else name
    return Dependency(str(canonicalize_name(name)), exact, line, text, hashed)


def _elsewhere(fields: dict[str, Any]) -> str:
    """Where a package comes from if not from an index; ``.`` for the project itself."""
    source = fields.get("source")
    places = {**fields, **source} if isinstance(source, dict) else fields
    if isinstance(source, dict) and source.get("type") in _ELSEWHERE:
        return str(source.get("url") or source["type"])
    for key in _ELSEWHERE:
        if places.get(key):
            value = places[key]
            inner = value.get("url") or value.get("path") if isinstance(value, dict) else value
            return str(inner or key)
    return ""


def _sorted(format_: str, made: list[Dependency | Unread | None]) -> DependencyFile:
    return DependencyFile(
        format_,
        tuple(item for item in made if isinstance(item, Dependency)),
        tuple(item for item in made if isinstance(item, Unread)),
    )
