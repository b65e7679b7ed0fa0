"""The one shape every static rule has, built in or installed as a plug-in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from modelkeep.core import Confidence, Finding, Location, NotChecked, Rule, Severity, Verdict
from modelkeep.core.text import printable
from modelkeep.formats import Budget, Source
from modelkeep.sources import FileDigest


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may look at.

    Attributes:
        location: where the stream lies (file, member).
        source: its bytes.
        format: the reader that read it.
        document: what the reader made of it (the reader says of which type it is).
        lies: where the bytes contradict themselves, each as ``(offset, sentence)``.
        root: names of all files of the artifact, for rules about references.
        links: files of the artifact that are links to bytes outside it, each with
            ``symbolic`` or ``hard``.
        allow: dotted names the user allows a pickle to import.
        budget: what is left for this file.
        beside: reads another file of the artifact by its shown name, if there is one and
            it is no larger than a module.
    """

    location: Location
    source: Source
    format: str
    document: object
    budget: Budget
    lies: Sequence[tuple[int, str]] = ()
    root: frozenset[str] = frozenset()
    links: Mapping[str, str] = field(default_factory=dict)
    allow: frozenset[str] = frozenset()
    beside: Callable[[str], bytes | None] | None = None

    def finding(
        self,
        rule: Rule,
        severity: Severity,
        message: str,
        *,
        offset: int | None = None,
        confidence: Confidence = Confidence.HIGH,
        evidence: Mapping[str, str] | None = None,
    ) -> Finding:
        """A finding of ``rule`` at an offset of this stream, safe to print and to write."""
        place = Location(self.location.path, self.location.member, offset)
        told = {key: printable(value) for key, value in (evidence or {}).items()}
        return Finding(rule, severity, confidence, printable(message), place, told)


Run = Callable[[Context], Iterator[Finding]]
ANY: Final = frozenset({"*"})
"""For a rule that looks at streams of every format, those without a reader too."""


@dataclass(frozen=True, slots=True)
class Detector:
    """A rule, the formats it reads, and the function that looks for it."""

    rule: Rule
    formats: frozenset[str]
    run: Run

    def reads(self, format_: str) -> bool:
        """Whether the rule looks at streams of a format."""
        return format_ in self.formats or self.formats is ANY


@dataclass(frozen=True, slots=True)
class FileResult:
    """What the rules say about one file; its verdict is exactly one of four."""

    path: str
    format: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    reading: Verdict = Verdict.PASS
    """What it would be without its findings: PASS, INCONCLUSIVE or SKIPPED."""


@dataclass(frozen=True, slots=True)
class ScanResult:
    """All files of an artifact.

    Attributes:
        files: every file, in manifest order.
        not_checked: what no reader could read, and why.
        unread: files that might hold something and were not read.
        rules: ids of the rules that ran.
        digests: of the bytes that were read, in the order of ``files``; none unless asked for.
    """

    files: tuple[FileResult, ...]
    not_checked: tuple[NotChecked, ...] = ()
    unread: int = 0
    rules: tuple[str, ...] = field(default_factory=tuple)
    digests: tuple[FileDigest, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All findings, worst first."""
        found = [finding for file in self.files for finding in file.findings]
        return tuple(sorted(found, key=lambda f: f.severity.rank, reverse=True))

    def count(self, severity: Severity) -> int:
        """How many findings have this severity."""
        return sum(finding.severity is severity for finding in self.findings)
