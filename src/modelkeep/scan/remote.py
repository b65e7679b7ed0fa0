"""Scan files that lie elsewhere: small ones whole, of large ones what their readers touch.

The digest of a file needs all of its bytes, so a file that was not fetched whole has none,
and that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from modelkeep.core import Digest, MalformedArtifactError, NotChecked
from modelkeep.formats import Limits, MemorySource
from modelkeep.scan.engine import scan_source
from modelkeep.scan.interface import Detector, ScanResult
from modelkeep.scan.plan import HELD, Outcome, Plan, stuck
from modelkeep.sources import Artifact, FileDigest, Hashing, RemoteArtifact, digest_bytes


def scan_remote(  # noqa: PLR0913 - keyword-only, as `scan_artifact` takes them
    remote: RemoteArtifact,
    detectors: Iterable[Detector],
    *,
    files: Iterable[str] | None = None,
    allow: Iterable[str] = (),
    limits: Limits | None = None,
    on_file: Callable[[str], None] = lambda _: None,
    on_bytes: Callable[[int], None] = lambda _: None,
    hashing: Hashing = Hashing.FAST,
) -> ScanResult:
    """Scan files at an address; nothing is kept.

    Args:
        remote: what lies there.
        detectors: the rules to run.
        files: names of the files to scan; all of them when left out.
        allow: dotted names a pickle may import besides the built-in ones.
        limits: budgets per file.
        on_file: called with each file's name before it is read.
        on_bytes: called with the number of bytes a file has once it is done.
        hashing: digests to compute of files that are fetched whole.
    """
    chosen = remote.files if files is None else tuple(files)
    plan = Plan(
        Artifact(Path(remote.address), is_directory=True, files=chosen),  # names only
        tuple(detectors),
        frozenset(allow),
        limits or Limits(),
        frozenset(map(remote.display, remote.files)),
        {},
        hashing,
    )
    outcomes = []
    for name in chosen:
        on_file(remote.display(name))
        outcomes.append(_scan(remote, name, plan))
        on_bytes(remote.sizes[name])
    return ScanResult(
        tuple(outcome.result for outcome in outcomes),
        tuple(missed for outcome in outcomes for missed in outcome.not_checked),
        sum(outcome.unread for outcome in outcomes),
        tuple(detector.rule.id for detector in plan.detectors),
        tuple(
            FileDigest(name, outcome.digest, outcome.size)
            for name, outcome in zip(chosen, outcomes, strict=True)
        ),
    )


def _scan(remote: RemoteArtifact, name: str, plan: Plan) -> Outcome:
    shown = remote.display(name)
    source = remote.open(name)
    if source.size <= HELD:
        try:
            data = source.read(0, source.size)
        except MalformedArtifactError as error:
            return Outcome(stuck(shown, error.message), (), 1, Digest("", ""), source.size)
        return scan_source(MemorySource(data), shown, plan, digest_bytes(data, plan.hashing))
    outcome = scan_source(source, shown, plan, Digest("", ""))
    why = f"not computed: {source.fetched} of {source.size} bytes were fetched"
    missed = (*outcome.not_checked, NotChecked(f"{shown}: digest", why))
    return Outcome(outcome.result, missed, outcome.unread, outcome.digest, outcome.size)
