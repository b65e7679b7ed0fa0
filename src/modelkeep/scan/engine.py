"""Run every rule over every stream of every file; each file gets one verdict.

A file is opened once. Up to 64 MiB are read into memory, hashed and scanned from there; a
larger file is hashed in one pass and then read by its reader at the places it needs.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from modelkeep.core import (
    Digest,
    Finding,
    InputError,
    Location,
    MalformedArtifactError,
    NotChecked,
    Severity,
    Verdict,
)
from modelkeep.core.text import visible
from modelkeep.formats import Budget, Limits, MemorySource, Source
from modelkeep.scan.interface import Context, Detector, FileResult, ScanResult
from modelkeep.scan.plan import HELD, Outcome, Plan, Seen, stuck, unfinished
from modelkeep.scan.streams import Stream, streams
from modelkeep.scan.verdict_cache import VerdictCache
from modelkeep.scan.workers import can_fork, run_in_workers
from modelkeep.sources import (
    Artifact,
    Cache,
    FileDigest,
    FileSource,
    Hashing,
    digest_bytes,
    digest_source,
)

FAILING: Final = Severity.HIGH
_LONGEST_ERROR: Final = 500
_TEXT: Final = "plain text, searched for secrets and commands only"
_MODULE: Final = 1 << 20  # bytes of a file that a rule may look into beside its own
_MANY_FILES: Final = 200  # from here on worker processes pay


def _nobody(_: object) -> None:
    """Tell nobody."""


def scan_artifact(  # noqa: PLR0913 - keyword-only, each documented below
    artifact: Artifact,
    detectors: Iterable[Detector],
    *,
    allow: Iterable[str] = (),
    limits: Limits | None = None,
    whole: Artifact | None = None,
    on_file: Callable[[str], None] | None = None,
    on_bytes: Callable[[int], None] | None = None,
    hashing: Hashing = Hashing.NONE,
    workers: int | None = None,
    cache: Cache | None = None,
) -> ScanResult:
    """Scan a file or directory; nothing in it is loaded.

    Args:
        artifact: what to scan.
        detectors: the rules to run.
        allow: dotted names a pickle may import besides the built-in ones.
        limits: budgets per file.
        whole: the artifact with all its files, where only some of them are to be scanned.
        on_file: called with each file's name, before it is read or as its result comes in.
        on_bytes: called with the number of bytes just dealt with.
        hashing: digests to compute of the bytes that are scanned.
        workers: processes that share the work; as many as there are processors where there
            is enough of it, none for little work.
        cache: results of earlier runs; needs ``hashing``.

    Returns:
        One result per file. A file is FAIL with a finding of high severity or worse,
        INCONCLUSIVE if a reader stopped early, SKIPPED if no reader knows it, else PASS.

    """
    around = whole or artifact
    plan = Plan(
        artifact,
        tuple(detectors),
        frozenset(allow),
        limits or Limits(),
        frozenset(map(artifact.display, around.files)),
        {artifact.display(name): kind for name, kind in around.links().items()},
        hashing,
    )
    verdicts = VerdictCache(cache, plan) if cache and hashing is not Hashing.NONE else None
    if verdicts is not None:
        plan = dataclasses.replace(plan, known=verdicts.find)
    hear, count = on_file or _nobody, on_bytes or _nobody
    processes = _processes(artifact) if workers is None else workers
    if processes and can_fork():
        found = run_in_workers(plan, scan_file, processes, hear, count)
    else:
        found = _one_by_one(plan, hear, count)
    outcomes = tuple(found)
    if verdicts is not None:
        verdicts.keep(outcomes)
    return ScanResult(
        tuple(outcome.result for outcome in outcomes),
        tuple(missed for outcome in outcomes for missed in outcome.not_checked),
        sum(outcome.unread for outcome in outcomes),
        tuple(detector.rule.id for detector in plan.detectors),
        tuple(
            FileDigest(name, outcome.digest, outcome.size)
            for name, outcome in zip(artifact.files, outcomes, strict=True)
            if hashing is not Hashing.NONE
        ),
    )


def _processes(artifact: Artifact) -> int:
    """How many worker processes are worth their start."""
    count = len(artifact.files)
    if count <= _MANY_FILES and sum(artifact.sizes()) <= HELD:
        return 0
    return min(count, os.cpu_count() or 1)


def _one_by_one(
    plan: Plan, on_file: Callable[[str], None], on_bytes: Callable[[int], None]
) -> Iterator[Outcome]:
    for name in plan.artifact.files:
        on_file(plan.artifact.display(name))
        try:
            yield scan_file(plan, name, on_bytes)
        except InputError as error:
            yield unfinished(plan, name, error.message)


def scan_file(plan: Plan, name: str, on_bytes: Callable[[int], None]) -> Outcome:
    """Hash and scan one file of the artifact through one handle.

    Raises:
        InputError: it cannot be opened.
    """
    shown = plan.artifact.display(name)
    with FileSource(plan.artifact.locate(name)) as file:
        if file.size <= HELD:
            data = file.read(0, file.size)
            digest = digest_bytes(data, plan.hashing)
            on_bytes(len(data))
            known = plan.known(shown, digest, len(data))
            return known or scan_source(MemorySource(data), shown, plan, digest)
        before = file.stamp()
        digest = digest_source(file, on_bytes, plan.hashing)
        known = plan.known(shown, digest, file.size)
        outcome = known or scan_source(file, shown, plan, digest)
        if file.stamp() != before:
            return unfinished(plan, name, "changed while it was being read")
        return outcome


def scan_source(source: Source, shown: str, plan: Plan, digest: Digest) -> Outcome:
    """Run every rule of a plan over one source."""
    try:
        others = _Others(plan)
        seen, findings = _read(source, shown, Budget(plan.limits), plan, others)
    except MemoryError:
        result = stuck(shown, "the reader ran out of memory")
        return Outcome(result, (), 1, digest, source.size)
    result, missed = _judge(shown, seen, findings)
    unread = _counts_as_unread(result, missed)
    return Outcome(result, tuple(missed), unread, digest, source.size, not others.asked)


@dataclasses.dataclass(slots=True)
class _Others:
    """The other files of the artifact, and whether a rule looked into one."""

    plan: Plan
    asked: bool = False

    def read(self, shown: str) -> bytes | None:
        """The bytes of a small file, ``None`` where there is none."""
        if shown not in self.plan.root or shown in self.plan.links:
            return None
        self.asked = True
        try:
            with FileSource(self.plan.artifact.locate(shown)) as file:
                return file.read(0, file.size) if file.size <= _MODULE else None
        except InputError:
            return None


def _read(
    source: Source, shown: str, budget: Budget, plan: Plan, others: _Others
) -> tuple[list[Seen], tuple[Finding, ...]]:
    """Run the rules over each stream while it is open."""
    seen: list[Seen] = []
    findings: list[Finding] = []
    try:
        _read_into(seen, findings, streams(source, shown, budget), budget, plan, others)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in one rule or plug-in must not hide the rest
        what = f"internal error: {type(error).__name__}: {error}"
        failed = MalformedArtifactError(visible(what)[:_LONGEST_ERROR])
        seen.append(Seen(Location(shown), "not finished", failed))
    return seen, tuple(findings)


def _read_into(
    seen: list[Seen],
    findings: list[Finding],
    found: Iterator[Stream],
    budget: Budget,
    plan: Plan,
    others: _Others,
) -> None:
    """Fill both lists as far as it goes."""
    beside = others.read  # one object, by which what is known of a module is kept
    for stream in found:
        context = Context(
            location=stream.location,
            source=stream.source,
            format=stream.format,
            document=stream.document,
            budget=budget,
            lies=stream.reading.lies,
            root=plan.root,
            links=plan.links,
            allow=plan.allow,
            beside=beside,
        )
        seen.append(Seen(stream.location, stream.format, stream.error))
        for detector in plan.reading(stream.format):
            findings.extend(detector.run(context))


def _judge(
    path: str, seen: list[Seen], findings: tuple[Finding, ...]
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
    reading = Verdict.PASS
    reason = ""
    if outer.format == "text" or outer.format.startswith("unread:"):
        reading = Verdict.SKIPPED
        reason = missed[0].why if missed else _TEXT
    if errors:
        reading, reason = Verdict.INCONCLUSIVE, "; ".join(errors[:3])
    failed = any(finding.severity >= FAILING for finding in findings)
    verdict = Verdict.FAIL if failed else reading
    missed += [NotChecked(str(s.location), _TEXT) for s in seen if _is_text(s)]
    return FileResult(path, outer.format, verdict, findings, reason, reading), missed


def _is_text(stream: Seen) -> bool:
    """Text that is listed: every text file, but none inside archives; code is no text."""
    return stream.format == "text" and stream.location.member is None


def _counts_as_unread(result: FileResult, missed: list[NotChecked]) -> int:
    """1 if something in the file might matter and was not read, else 0."""
    return int(result.format != "text" and bool(missed))
