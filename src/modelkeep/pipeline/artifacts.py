"""The static half of every job: open, digest, scan, and make sure nothing moved between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from modelkeep.core import EvidenceError, Finding, Rule, Subject, Verdict, fold
from modelkeep.pipeline.workspace import Listener
from modelkeep.report import ReportedFile, ReportedFinding
from modelkeep.scan import ScanResult, detectors, scan_artifact
from modelkeep.sources import Artifact, Manifest, digest_artifact, open_artifact, stamp
from modelkeep.trust import RULES as SIGNATURE_RULES


@dataclass(frozen=True, slots=True)
class Examined:
    """An artifact that was hashed and scanned as the same bytes."""

    artifact: Artifact
    manifest: Manifest
    subject: Subject
    scan: ScanResult

    @property
    def verdict(self) -> Verdict:
        """FAIL, INCONCLUSIVE or PASS; SKIPPED if no reader knew any file."""
        return fold(file.verdict for file in self.scan.files)

    def formats(self) -> dict[str, str]:
        """Format by shown file name."""
        return {file.path: file.format for file in self.scan.files}


def digest_model(path: str | Path, listener: Listener) -> tuple[Artifact, Manifest, Subject]:
    """Open and hash an artifact, with progress in bytes."""
    artifact = open_artifact(path)
    total = sum(artifact.locate(name).stat().st_size for name in artifact.files) or 1
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        listener.progress("hashing", done / total)

    manifest = digest_artifact(artifact, advance)
    return artifact, manifest, Subject("model", artifact.name, manifest.digest)


def examine(path: str | Path, allow: Iterable[str], listener: Listener) -> Examined:
    """Hash and scan an artifact.

    Raises:
        InputError: it cannot be opened.
        EvidenceError: it changed between hashing and scanning.
    """
    artifact = open_artifact(path)
    before = stamp(artifact)
    artifact, manifest, subject = digest_model(path, listener)
    count = 0

    def advance(name: str) -> None:
        nonlocal count
        listener.progress(f"scanning {name}", count / len(artifact.files))
        count += 1

    scan = scan_artifact(artifact, detectors(), allow=allow, on_file=advance)
    if stamp(open_artifact(path)) != before:
        raise EvidenceError(f"{path}: changed while it was being checked")
    return Examined(artifact, manifest, subject, scan)


def reported_files(examined: Examined, prefix: str = "") -> tuple[ReportedFile, ...]:
    """Scan results as reports show them."""
    return tuple(
        ReportedFile(
            f"{prefix}{result.path}",
            result.verdict,
            result.format.removeprefix("unread:"),
            tuple(_placed(finding, prefix) for finding in result.findings),
            result.reason,
            digest=file.digest,
            size=file.size,
        )
        for result, file in zip(examined.scan.files, examined.manifest.files, strict=True)
    )


def _placed(finding: Finding, prefix: str) -> ReportedFinding:
    """A finding whose path is that of the file as the report lists it."""
    reported = ReportedFinding.of(finding)
    place = msgspec.structs.replace(reported.location, path=f"{prefix}{reported.location.path}")
    return msgspec.structs.replace(reported, location=place)


def used_rules(findings: Iterable[ReportedFinding]) -> tuple[Rule, ...]:
    """The rules behind some findings, each once."""
    known = {rule.id: rule for rule in (*(d.rule for d in detectors()), *SIGNATURE_RULES)}
    return tuple(known[identifier] for identifier in sorted({f.rule for f in findings}))
