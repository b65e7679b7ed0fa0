"""A database of known vulnerabilities in the OSV form, read from disk.

Every public list of vulnerable Python packages can be had in this form: as one archive of
the index, as a folder, or as one file. Versions are compared by PEP 440; the local part of a
version (``2.0.1+cpu``) counts for nothing, because records are about releases.
A withdrawn record counts no more. A record that cannot be read is an error, never a pass.

Sources: OSV schema 1.7, "affected[].ranges[]" and its evaluation algorithm; PEP 440.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from modelkeep.core import InputError, Severity
from modelkeep.trust.dependencies.cvss import base_score, severity_of

_MOST_BYTES: Final = 64 << 20  # of one record, or of a file of many
_ECOSYSTEM: Final = "PyPI"
_WORDS: Final = {
    "LOW": Severity.LOW,
    "MODERATE": Severity.MEDIUM,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}


class _Package(msgspec.Struct, frozen=True):
    name: str = ""
    ecosystem: str = ""


class _Range(msgspec.Struct, frozen=True):
    type: str = ""
    events: tuple[dict[str, str], ...] = ()


class _Score(msgspec.Struct, frozen=True):
    type: str = ""
    score: str = ""


class _Affected(msgspec.Struct, frozen=True):
    package: _Package = _Package()
    ranges: tuple[_Range, ...] = ()
    versions: tuple[str, ...] = ()
    severity: tuple[_Score, ...] | None = None


class Record(msgspec.Struct, frozen=True):
    """One vulnerability, as far as it is used here.

    Attributes:
        id: such as ``PYSEC-2022-43162`` or ``GHSA-...``.
        modified: when the record was changed last, RFC 3339.
        aliases: the same vulnerability in other databases.
        summary: one line.
        withdrawn: when it was taken back; empty if it stands.
        affected: which packages, in which versions.
        severity: CVSS vectors.
        database_specific: what the database adds; ``severity`` may be a word.
    """

    id: str
    modified: str
    aliases: tuple[str, ...] | None = None
    summary: str = ""
    withdrawn: str = ""
    affected: tuple[_Affected, ...] | None = None
    severity: tuple[_Score, ...] | None = None
    database_specific: dict[str, object] | None = None

    def names(self) -> frozenset[str]:
        """Packages of the index it is about, normalised."""
        return frozenset(str(canonicalize_name(a.package.name)) for a in self._of_index())

    def identifiers(self) -> frozenset[str]:
        """Every id it is known by."""
        return frozenset({self.id, *(self.aliases or ())})

    def rating(self) -> Severity | None:
        """How bad its database calls it; ``None`` if it says nothing that can be read."""
        if self.id.startswith("MAL-"):
            return Severity.CRITICAL
        word = str((self.database_specific or {}).get("severity", "")).upper()
        if word in _WORDS:
            return _WORDS[word]
        vectors = [
            *(self.severity or ()),
            *(s for a in self._of_index() for s in a.severity or ()),
        ]
        scores = [s for s in (base_score(vector.score) for vector in vectors) if s is not None]
        return severity_of(max(scores)) if scores else None

    def affects(self, name: str, version: str) -> bool | None:
        """Whether a version is affected; ``None`` if the record cannot be compared with it."""
        answers = [
            _is_affected(entry, version)
            for entry in self._of_index()
            if canonicalize_name(entry.package.name) == name
        ]
        if True in answers:
            return True
        return None if None in answers else False

    def fixed_after(self, name: str, version: str) -> str:
        """The first release after a version that mends it; empty if none is known."""
        known = [
            event["fixed"]
            for entry in self._of_index()
            if canonicalize_name(entry.package.name) == name
            for span in entry.ranges
            if span.type != "GIT"
            for event in span.events
            if "fixed" in event
        ]
        here = _parsed(version)
        later = [
            v for v in map(_parsed, known) if v is not None and here is not None and v > here
        ]
        return str(min(later)) if later else ""

    def _of_index(self) -> list[_Affected]:
        return [
            entry
            for entry in self.affected or ()
            if entry.package.ecosystem.partition(":")[0] == _ECOSYSTEM
        ]


@dataclass(frozen=True, slots=True)
class Database:
    """Records about the packages asked for.

    Attributes:
        records: by package.
        total: how many records about packages of the index it holds in all.
        newest: when the youngest of them was changed, RFC 3339.
    """

    records: dict[str, list[Record]] = field(default_factory=dict)
    total: int = 0
    newest: str = ""


def read_database(path: str | Path, names: Collection[str]) -> Database:
    """Read the records about some packages.

    Args:
        path: an archive of the index as OSV publishes it, a folder of records, or a file
            with one record, a list, or ``{"vulns": [...]}``.
        names: normalised names of packages.

    Raises:
        InputError: nothing there, something that is no record, or no record of the index.
    """
    wanted, records, total, newest = frozenset(names), dict[str, list[Record]](), 0, ""
    for place, raw in _documents(Path(path)):
        for record in _records(raw, place):
            about = record.names()
            if not about:
                continue
            total, newest = total + 1, max(newest, record.modified)
            if not record.withdrawn:
                for name in sorted(about & wanted):
                    records.setdefault(name, []).append(record)
    if not total:
        raise InputError(
            f"{path}: no OSV record about a package of {_ECOSYSTEM}",
            "Give the archive `PyPI/all.zip` of OSV, or a folder of its records.",
        )
    return Database(records, total, newest)


def _documents(path: Path) -> Iterator[tuple[str, bytes]]:
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*.json")):
                yield str(file), _bounded(file.read_bytes(), str(file))
        elif zipfile.is_zipfile(path):
            yield from _members(path)
        else:
            yield str(path), path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputError(f"{path}: not a readable archive ({error})") from error


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".json"):
                with archive.open(member) as stream:  # no more than the bound is unpacked
                    place = f"{path}!{member.filename}"
                    yield place, _bounded(stream.read(_MOST_BYTES + 1), place)


def _bounded(raw: bytes, place: str) -> bytes:
    if len(raw) > _MOST_BYTES:
        raise InputError(f"{place}: larger than {_MOST_BYTES >> 20} MiB")
    return raw


def _records(raw: bytes, place: str) -> tuple[Record, ...]:
    try:
        start = raw.lstrip()[:1]
        if start == b"[":
            return msgspec.json.decode(raw, type=tuple[Record, ...])
        listed = msgspec.json.decode(raw, type=_Listed)
        if listed.vulns is not None:
            return listed.vulns
        return (msgspec.json.decode(raw, type=Record),)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: no OSV record ({error})") from error


class _Listed(msgspec.Struct, frozen=True):
    vulns: tuple[Record, ...] | None = None


def _parsed(text: str) -> Version | None:
    try:
        return Version(Version(text).public)
    except InvalidVersion:
        return None


def _is_affected(entry: _Affected, version: str) -> bool | None:
    here = _parsed(version)
    if version in entry.versions or (here is not None and here in map(_parsed, entry.versions)):
        return True
    spans = [span for span in entry.ranges if span.type != "GIT"]
    if not spans:  # a list of versions is whole by itself; commits say nothing of releases
        return False if entry.versions else None
    answers = [_in_range(span, here) for span in spans]
    if True in answers:
        return True
    return None if None in answers else False


def _in_range(span: _Range, version: Version | None) -> bool | None:
    """The evaluation of the OSV schema: events in order, the last that applies decides."""
    if version is None:
        return None
    events: list[tuple[Version, int, str]] = []
    for event in span.events:
        for kind, text in event.items():
            if text == "*" and kind == "limit":
                continue
            at = Version("0.dev0") if text == "0" else _parsed(text)
            if at is None:
                return None
            events.append((at, 0 if kind == "introduced" else 1, kind))
    inside = False
    for at, _, kind in sorted(events):
        if kind == "introduced" and version >= at:
            inside = True
        elif (kind in {"fixed", "limit"} and version >= at) or (
            kind == "last_affected" and version > at
        ):
            inside = False
    return inside
