"""Run every rule over every stream of every file; each file gets one verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from modelkeep.core import (
    Finding,
    Location,
    MalformedArtifactError,
    NotChecked,
    Severity,
    Verdict,
)
from modelkeep.formats import Budget, Limits
from modelkeep.scan.interface import Context, Detector, FileResult, ScanResult
from modelkeep.scan.streams import streams
from modelkeep.sources import Artifact, FileSource

# Text of these kinds is code somebody may run; no rule reads it yet.
_CODE_SUFFIXES: Final = (".py", ".pyc", ".pyd", ".so", ".dll", ".sh", ".bat", ".ipynb", ".js")
FAILING: Final = Severity.HIGH


def scan_artifact(
    artifact: Artifact,
    detectors: Iterable[Detector],
    *,
    allow: Iterable[str] = (),
    limits: Limits | None = None,
    on_file: Callable[[str], None] | None = None,
) -> ScanResult:
    """Scan a file or directory; nothing in it is loaded.

    Args:
        artifact: what to scan.
        detectors: the rules to run.
        allow: dotted names a pickle may import besides the built-in ones.
        limits: budgets per file.
        on_file: called with each file's name before it is read.

    Returns:
        One result per file. A file is FAIL with a finding of high severity or
        worse, INCONCLUSIVE if a reader stopped early, SKIPPED if no reader knows
        it, else PASS.
    """
    rules = tuple(detectors)
    allowed = frozenset(allow)
    tree = _Tree(
        {
            artifact.display(name): artifact.locate(name).stat().st_size
            for name in artifact.files
        },
        {artifact.display(name): kind for name, kind in artifact.links().items()},
    )
    files: list[FileResult] = []
    not_checked: list[NotChecked] = []
    unread = 0
    for name in artifact.files:
        shown = artifact.display(name)
        if on_file is not None:
            on_file(shown)
        with FileSource(artifact.locate(name)) as source:
            seen, findings = _read(
                source, shown, Budget(limits or Limits()), rules, tree, allowed
            )
        result, missed = _judge(shown, seen, findings)
        files.append(result)
        not_checked += missed
        unread += _counts_as_unread(result, missed)
    ids = tuple(detector.rule.id for detector in rules)
    return ScanResult(tuple(files), tuple(not_checked), unread, ids)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What stays of a stream once its rules have run; its bytes are let go."""

    location: Location
    format: str
    error: MalformedArtifactError | None


@dataclass(frozen=True, slots=True)
class _Tree:
    """The files around the one that is read."""

    sizes: Mapping[str, int]
    links: Mapping[str, str]


def _read(
    source: FileSource,
    shown: str,
    budget: Budget,
    rules: tuple[Detector, ...],
    tree: _Tree,
    allowed: frozenset[str],
) -> tuple[list[_Seen], tuple[Finding, ...]]:
    """Run the rules over each stream while it is open."""
    seen: list[_Seen] = []
    findings: list[Finding] = []
    for stream in streams(source, shown, budget):
        context = Context(
            location=stream.location,
            source=stream.source,
            format=stream.format,
            document=stream.document,
            budget=budget,
            lies=stream.reading.lies,
            root=frozenset(tree.sizes),
            sizes=tree.sizes,
            links=tree.links,
            allow=allowed,
        )
        for detector in rules:
            if detector.reads(stream.format):
                findings += detector.run(context)
        seen.append(_Seen(stream.location, stream.format, stream.error))
    return seen, tuple(findings)


def _judge(
    path: str, seen: list[_Seen], findings: tuple[Finding, ...]
) -> tuple[FileResult, list[NotChecked]]:
    outer = seen[-1]
    missed = [
        NotChecked(
            str(stream.location), f"no reader for {stream.format.removeprefix('unread:')}"
        )
        for stream in seen
        if stream.format.startswith("unread:") and stream.error is None
    ]
    errors = [f"{stream.location}: {stream.error}" for stream in seen if stream.error]
    verdict = Verdict.PASS
    reason = ""
    if outer.format == "text" or outer.format.startswith("unread:"):
        verdict = Verdict.SKIPPED
        reason = missed[0].why if missed else "no rule reads text"
    if errors:
        verdict, reason = Verdict.INCONCLUSIVE, "; ".join(errors[:3])
    if any(finding.severity >= FAILING for finding in findings):
        verdict = Verdict.FAIL
    missed += [NotChecked(str(s.location), "no rule reads text") for s in seen if _is_text(s)]
    return FileResult(path, outer.format, verdict, findings, reason), missed


def _is_text(stream: _Seen) -> bool:
    """Text that is listed: every text file, and code inside archives."""
    member = stream.location.member
    return stream.format == "text" and (member is None or member.endswith(_CODE_SUFFIXES))


def _counts_as_unread(result: FileResult, missed: list[NotChecked]) -> int:
    """1 if something in the file might matter and was not read, else 0."""
    if result.format == "text":
        return int(result.path.endswith(_CODE_SUFFIXES))
    return int(bool(missed))
