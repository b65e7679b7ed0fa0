"""What every file of a run is scanned with, and what comes out of one file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import (
    Digest,
    InputError,
    Location,
    MalformedArtifactError,
    NotChecked,
    Verdict,
)
from modelkeep.formats import Limits
from modelkeep.scan.interface import Detector, FileResult
from modelkeep.sources import Artifact, FileSource, Hashing, digest_source

HELD: Final = 64 << 20
"""Files up to this many bytes are read into memory once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What every file of a run is scanned with.

    Attributes:
        artifact: where the files lie.
        detectors: the rules to run.
        allow: dotted names a pickle may import besides the built-in ones.
        limits: budgets per file.
        root: shown names of all files, for rules about references.
        links: shown names of files that are links to bytes outside, and of which kind.
        hashing: which digests are computed.
        known: looks up the outcome of a file that was scanned before, by its shown name,
            digest and length.
    """

    artifact: Artifact
    detectors: tuple[Detector, ...]
    allow: frozenset[str]
    limits: Limits
    root: frozenset[str]
    links: Mapping[str, str]
    hashing: Hashing
    known: Callable[[str, Digest, int], Outcome | None] = lambda *_: None
    _by_format: dict[str, tuple[Detector, ...]] = field(default_factory=dict, init=False)

    def reading(self, format_: str) -> tuple[Detector, ...]:
        """The rules that look at streams of a format."""
        found = self._by_format.get(format_)
        if found is None:
            found = tuple(d for d in self.detectors if d.reads(format_))
            self._by_format[format_] = found
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """One file: its result, what was not checked in it, the digest and length of its bytes.

    ``alone`` tells whether the result depends on the bytes of no other file.
    """

    result: FileResult
    not_checked: tuple[NotChecked, ...]
    unread: int
    digest: Digest
    size: int
    alone: bool = True


@dataclass(frozen=True, slots=True)
class Seen:
    """What stays of a stream once its rules have run; its bytes are let go."""

    location: Location
    format: str
    error: MalformedArtifactError | None


def stuck(shown: str, reason: str) -> FileResult:
    """The result of a file whose reading came to no end."""
    unsure = Verdict.INCONCLUSIVE
    return FileResult(shown, "not finished", unsure, (), reason, unsure)


def unfinished(plan: Plan, name: str, reason: str) -> Outcome:
    """The outcome of such a file; hashing it is safe, because nothing is made of its bytes."""
    result = stuck(plan.artifact.display(name), reason)
    try:
        with FileSource(plan.artifact.locate(name)) as file:
            return Outcome(result, (), 1, digest_source(file, None, plan.hashing), file.size)
    except InputError:
        return Outcome(result, (), 1, Digest("", ""), 0)
