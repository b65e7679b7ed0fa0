"""The static half of every job: open, digest, scan, and make sure nothing moved between."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from modelkeep.core import EvidenceError, Finding, InputError, Rule, Subject, Verdict, fold
from modelkeep.pipeline.listening import Listener
from modelkeep.report import ReportedFile, ReportedFinding
from modelkeep.scan import ScanResult, detectors, scan_artifact
from modelkeep.sources import (
    Artifact,
    Hashing,
    Manifest,
    digest_artifact,
    manifest_of,
    open_artifact,
    stamp,
)

if TYPE_CHECKING:
    from modelkeep.trust import SignatureCheck


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
    listener.reads("hashing")
    manifest = digest_artifact(artifact, listener.counting(size_of(artifact)))
    return artifact, manifest, Subject("model", artifact.name, manifest.digest)


def examine(path: str | Path, allow: Iterable[str], listener: Listener) -> Examined:
    """Hash and scan an artifact.

    Raises:
        InputError: it cannot be opened.
        EvidenceError: it changed between hashing and scanning.
    """
    artifact = open_artifact(path)
    before = stamp(artifact)
    scan = scan_artifact(
        artifact,
        detectors(),
        allow=allow,
        hashing=Hashing.BOTH,
        on_file=lambda name: listener.reads(f"scanning {name}"),
        on_bytes=listener.counting(size_of(artifact)),
    )
    for file, result in zip(scan.digests, scan.files, strict=True):
        if not file.digest.sha256:
            raise InputError(f"{result.path}: {result.reason}")
    if stamp(open_artifact(path)) != before:
        raise EvidenceError(f"{path}: changed while it was being checked")
    manifest = manifest_of(artifact, scan.digests)
    subject = Subject("model", artifact.name, manifest.digest)
    return Examined(artifact, manifest, subject, scan)


def why_not_loaded(examined: Examined, signature: SignatureCheck) -> str:
    """Why a model is not loaded; empty if it may be."""
    if signature.broken:
        return "the model is not loaded: it is not what was signed"
    if examined.verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        return "the model is not loaded: the scan did not pass"
    return ""


def size_of(artifact: Artifact) -> int:
    """Length of all files together, in bytes."""
    return sum(artifact.sizes())


def reported_files(
    scan: ScanResult, manifest: Manifest, prefix: str = ""
) -> tuple[ReportedFile, ...]:
    """Scan results as reports show them."""
    return tuple(
        ReportedFile(
            f"{prefix}{result.path}",
            result.verdict,
            result.format.removeprefix("unread:"),
            tuple(_placed(finding, prefix) for finding in result.findings),
            result.reason,
            digest=file.digest if file.digest.blake3 else None,
            size=file.size,
        )
        for result, file in zip(scan.files, manifest.files, strict=True)
    )


def _placed(finding: Finding, prefix: str) -> ReportedFinding:
    """A finding whose path is that of the file as the report lists it."""
    reported = ReportedFinding.of(finding)
    place = msgspec.structs.replace(reported.location, path=f"{prefix}{reported.location.path}")
    return msgspec.structs.replace(reported, location=place)


def used_rules(findings: Iterable[ReportedFinding]) -> tuple[Rule, ...]:
    """The rules behind some findings, each once."""
    wanted = {finding.rule for finding in findings}
    known = {detector.rule.id: detector.rule for detector in detectors()}
    if wanted - known.keys():
        # The room brings cryptography, which a plain scan does without.
        from modelkeep.trust import RULES  # noqa: PLC0415
        from modelkeep.trust.dependencies import DEPENDENCY_RULES  # noqa: PLC0415

        known |= {rule.id: rule for rule in (*RULES, *DEPENDENCY_RULES)}
    return tuple(known[identifier] for identifier in sorted(wanted))
