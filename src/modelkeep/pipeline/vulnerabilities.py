"""``modelkeep vulns``: what the environment of a model is built from, against a database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from modelkeep.core import (
    Finding,
    InputError,
    MalformedArtifactError,
    NotChecked,
    Subject,
    Verdict,
    fold,
)
from modelkeep.core.clock import timestamp, utc_now
from modelkeep.core.settings import Value, resolve
from modelkeep.pipeline.artifacts import digest_model, used_rules
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.scanning import fails_on
from modelkeep.pipeline.suppressing import Suppressions
from modelkeep.report import Report, ReportedFile, ReportedFinding, Suppression
from modelkeep.scan import FAILING
from modelkeep.sources import (
    Artifact,
    FileDigest,
    FileSource,
    digest_bytes,
    open_artifact,
    root_digest,
)
from modelkeep.trust.dependencies import (
    DEPENDENCY_RULES,
    MOST_BYTES,
    Database,
    DependencyFile,
    Exemption,
    find_known,
    find_lookalike,
    find_unpinned,
    is_dependency_file,
    read_database,
    read_dependencies,
    read_vex,
)


@dataclass(frozen=True, slots=True)
class _Read:
    """A file as it was read: what it names, or why it could not be understood."""

    name: str
    digest: FileDigest
    content: DependencyFile | None
    reason: str = ""


def find_vulnerabilities(
    path: str | Path,
    *,
    db: str | Path,
    vex: Sequence[str | Path] = (),
    model: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Compare requirement and lock files with a database of known vulnerabilities.

    Args:
        path: such a file, or a directory that holds some.
        db: OSV records: an archive, a folder or a file.
        vex: documents that say which vulnerability does not apply to which digest.
        model: the model that runs in this environment; statements about it count as well.
        listener: who hears how far it got.
        flags: settings, such as ``fail_on="medium"``.

    Raises:
        InputError: no such file, no database, or a document of neither format.
        UsageError: a wrong setting.
    """
    settings = resolve(flags)
    heard = listener or Listener()
    artifact = open_artifact(path, tolerant=True)
    read = [_read(artifact, name) for name in _chosen(artifact)]
    contents = {file.name: file.content for file in read if file.content is not None}
    names = {one.name for content in contents.values() for one in content.dependencies}
    heard.tell("reading the database")
    database = read_database(db, names)
    documents = [read_vex(document) for document in vex]
    subject = _subject(artifact, read)
    whole = {subject.digest.sha256}
    if model is not None:
        whole.add(digest_model(model, heard)[2].digest.sha256)
    exemptions = [exemption for kept, _ in documents for exemption in kept]
    rules = {rule.id: rule.name for rule in DEPENDENCY_RULES}
    suppressions = Suppressions(settings.ignores, None, rules, utc_now().date())
    files, missed = list[ReportedFile](), list[NotChecked]()
    for file in read:
        made, left = _compare(file, contents, database)
        missed += left
        reading = Verdict.PASS if file.content is not None else Verdict.INCONCLUSIVE
        ignored = suppressions.apply(made, reading, "")
        # A statement about one file says nothing of the others.
        digests = {*whole, file.digest.digest.sha256}
        files.append(_exempt(ignored, reading, exemptions, digests))
    findings = [finding for file in files for finding in file.findings]
    hidden = [finding for file in files for finding in file.suppressed]
    verdict = fold(file.verdict for file in files)
    if fails_on(settings.text("fail_on"), [finding.severity for finding in findings]):
        verdict = Verdict.FAIL
    return Report(
        verdict=verdict,
        subject=subject,
        profile=settings.text("profile") or "vulns",
        created=timestamp(utc_now()),
        files=tuple(files),
        not_checked=tuple(missed),
        rules=used_rules([*findings, *hidden]),
        notes=(*_notes(database, documents, contents), *suppressions.notes()),
        suppressed=len(hidden),
    )


def _chosen(artifact: Artifact) -> list[str]:
    if not artifact.is_directory:
        return [""]
    chosen = [name for name in artifact.files if is_dependency_file(name)]
    if not chosen:
        raise InputError(
            f"{artifact.path}: holds no requirement or lock file",
            "Name the file, or write one with `pip freeze > requirements.txt`.",
        )
    return chosen


def _read(artifact: Artifact, name: str) -> _Read:
    shown = artifact.display(name)
    with FileSource(artifact.locate(name)) as source:
        raw = source.read(0, min(source.size, MOST_BYTES + 1))
    digest = FileDigest(shown, digest_bytes(raw), len(raw))
    try:
        return _Read(shown, digest, read_dependencies(shown, raw))
    except MalformedArtifactError as error:
        return _Read(shown, digest, None, error.message)


def _compare(
    file: _Read, contents: dict[str, DependencyFile], database: Database
) -> tuple[ReportedFile, list[NotChecked]]:
    """A file with all findings, those that an exemption covers among them."""
    digest, size = file.digest.digest, file.digest.size
    if file.content is None:
        made = ReportedFile(
            file.name, Verdict.INCONCLUSIVE, "unread", (), file.reason, digest=digest, size=size
        )
        return made, []
    included = list(_included(file, contents))
    constrained = {
        one.name
        for name in included
        for one in contents[name].dependencies
        if one.version is not None
    }
    findings, missed = list[ReportedFinding](), list[NotChecked]()
    for dependency in file.content.dependencies:
        for item in (
            *find_known(file.name, dependency, database),
            *find_lookalike(file.name, dependency),
            *find_unpinned(file.name, dependency, constrained),
        ):
            if isinstance(item, Finding):
                findings.append(ReportedFinding.of(item))
            elif dependency.name not in constrained:
                missed.append(item)
    missed += [
        NotChecked(f"{file.name} line {left.line}: {left.text}", left.why)
        for left in file.content.unread
    ]
    missed += [
        NotChecked(f"{file.name} line {line}: {name}", "is not among the files that were read")
        for line, name in file.content.includes
        if _beside(file.name, name) not in contents
    ]
    kind = file.content.format
    reported = ReportedFile(
        file.name, Verdict.PASS, kind, tuple(findings), digest=digest, size=size
    )
    return reported, missed


def _included(file: _Read, contents: dict[str, DependencyFile]) -> Iterator[str]:
    if file.content is not None:
        for _, name in file.content.includes:
            if _beside(file.name, name) in contents:
                yield _beside(file.name, name)


def _beside(name: str, other: str) -> str:
    """A file that another one includes, as names of the artifact are written."""
    folder, slash, _ = name.rpartition("/")
    return f"{folder}{slash}{other.removeprefix('./')}"


def _exempt(
    file: ReportedFile, reading: Verdict, exemptions: Sequence[Exemption], digests: set[str]
) -> ReportedFile:
    """The file with findings that a VEX statement covers marked, and still counted."""
    live, hidden = list[ReportedFinding](), [*file.suppressed]
    for finding in file.findings:
        told = finding.evidence
        names = told.get("aliases", "").split()
        covering = (
            one
            for one in exemptions
            if one.covers(names, told.get("package", ""), told.get("version", ""), digests)
        )
        exemption = next(covering, None)
        if exemption is None:
            live.append(finding)
            continue
        why = Suppression("vex", f"{exemption.reason} ({exemption.origin})")
        hidden.append(msgspec.structs.replace(finding, suppression=why))
    failed = any(finding.severity >= FAILING for finding in live)
    return msgspec.structs.replace(
        file,
        findings=tuple(live),
        suppressed=tuple(hidden),
        verdict=Verdict.FAIL if failed else reading,
    )


def _subject(artifact: Artifact, read: list[_Read]) -> Subject:
    if not artifact.is_directory:
        return Subject("code", artifact.name, read[0].digest.digest)
    name = f"{len(read)} dependency files of {artifact.name}"
    return Subject("code", name, root_digest([file.digest.digest for file in read]))


def _notes(
    database: Database,
    documents: Sequence[tuple[tuple[Exemption, ...], int]],
    contents: dict[str, DependencyFile],
) -> Iterator[str]:
    yield f"{database.total} records, the newest changed {database.newest}"
    pinned = [
        one
        for content in contents.values()
        for one in content.dependencies
        if one.version is not None
    ]
    bare = sum(not one.hashed for one in pinned)
    yield f"{len(pinned)} packages pinned, {bare} of them without a hash"
    left = sum(count for _, count in documents)
    if left:
        yield f"{left} VEX statements name no sha256 digest or no reason and change nothing"
