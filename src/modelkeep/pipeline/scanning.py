"""``modelkeep scan``: static rules only; no keep, no key, no framework."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from modelkeep.core import NotChecked, Severity, Subject, UsageError, Verdict, fold
from modelkeep.core.clock import timestamp, utc_now
from modelkeep.core.globs import matches
from modelkeep.core.nearest import nearest
from modelkeep.core.settings import Settings, Value, resolve
from modelkeep.pipeline.artifacts import reported_files, size_of, used_rules
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.suppressing import Suppressions, read_baseline
from modelkeep.report import Report, ReportedFile
from modelkeep.scan import Detector, ScanResult, detectors, scan_artifact, scan_remote
from modelkeep.sources import (
    Artifact,
    Cache,
    Hashing,
    Manifest,
    RemoteArtifact,
    cache_folder,
    is_address,
    manifest_of,
    open_address,
    open_artifact,
    root_digest,
    spooled,
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A path to scan: where its files lie and what is put in front of their names.

    Attributes:
        artifact: every file there is.
        prefix: what tells its files from those of other paths.
        base: what leads to its files from the working directory.
    """

    artifact: Artifact | RemoteArtifact
    prefix: str
    base: str


@dataclass(frozen=True, slots=True)
class _Scanned:
    """A path after its scan: the files that were read, and those left out with the reason."""

    place: _Place
    subject: Subject
    manifest: Manifest
    result: ScanResult
    left_out: dict[str, str]


def scan(  # noqa: PLR0913 - keyword-only, each documented below
    *paths: str | Path,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    rules: Sequence[str] = (),
    skip_rules: Sequence[str] = (),
    baseline: str | Path | None = None,
    stdin: BinaryIO | None = None,
    sha256: bool = False,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Scan files and directories; nothing in them is loaded.

    Args:
        paths: what to scan; ``-`` is what ``stdin`` gives.
        include: globs of the files to scan; all where none is given.
        exclude: globs of files not to scan; they are listed as skipped.
        rules: ids or names of the only rules to run.
        skip_rules: ids or names of rules not to run.
        baseline: file of known findings, which do not count.
        stdin: stream that the path ``-`` stands for.
        sha256: compute this digest beside blake3.
        listener: who hears how far it got.
        flags: settings, such as ``fail_on="medium"``.

    Raises:
        InputError: a path or the baseline cannot be opened.
        UsageError: no path, no such rule, or a wrong setting.
    """
    if not paths:
        raise UsageError("nothing to scan was named")
    chosen = {"scan.include": tuple(include) or None, "scan.exclude": tuple(exclude) or None}
    settings = resolve({**chosen, **flags})
    run, left = _choose_rules(rules, skip_rules)
    hashing = Hashing.BOTH if sha256 else Hashing.FAST
    known = read_baseline(baseline) if baseline is not None else None
    names = {detector.rule.id: detector.rule.name for detector in run}
    suppressions = Suppressions(settings.ignores, known, names, utc_now().date())
    with ExitStack() as stack:
        places = [_open(path, stack, stdin, many=len(paths) > 1) for path in paths]
        heard = listener or Listener()
        scanned = [_scan(place, run, settings, hashing, heard) for place in places]
    files = tuple(file for item in scanned for file in _files(item, suppressions))
    return _report(settings, scanned, files, (*suppressions.notes(),), left)


def _choose_rules(
    only: Sequence[str], skipped: Sequence[str]
) -> tuple[tuple[Detector, ...], tuple[NotChecked, ...]]:
    every = detectors()
    known = {name for d in every for name in (d.rule.id, d.rule.name)}
    for name in (*only, *skipped):
        if name not in known:
            raise UsageError(f"no rule {name!r}", nearest(name, known))

    def wanted(detector: Detector) -> bool:
        own = {detector.rule.id, detector.rule.name}
        return (not only or bool(own & {*only})) and not own & {*skipped}

    run = tuple(detector for detector in every if wanted(detector))
    if not run:
        raise UsageError("no rule is left to run")
    left = [f"{d.rule.id} {d.rule.name}" for d in every if not wanted(d)]
    return run, tuple(NotChecked(f"rule {name}", "left out as asked") for name in left)


def _open(path: str | Path, stack: ExitStack, stdin: BinaryIO | None, *, many: bool) -> _Place:
    if str(path) == "-" and stdin is not None:
        return _Place(open_artifact(stack.enter_context(spooled(stdin))), "", "")
    if is_address(str(path)):
        remote = stack.enter_context(open_address(str(path)))
        base = f"{remote.name.rstrip('/')}/"
        return _Place(remote, base if many else "", base)
    artifact = open_artifact(path, tolerant=True)
    folder = artifact.path if artifact.is_directory else artifact.path.parent
    base = "" if folder == Path() else f"{_nearby(folder).as_posix().rstrip('/')}/"
    base = "" if base == "./" else base
    return _Place(artifact, base if many else "", base)


def _nearby(folder: Path) -> Path:
    """The folder as seen from the working directory, where it lies below that."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _scan(
    place: _Place,
    run: tuple[Detector, ...],
    settings: Settings,
    hashing: Hashing,
    listener: Listener,
) -> _Scanned:
    whole = place.artifact
    left_out = {name: why for name in whole.files if (why := _why_not(place, name, settings))}
    chosen = tuple(name for name in whole.files if name not in left_out)
    if not chosen:
        nothing = ScanResult((), rules=tuple(detector.rule.id for detector in run))
        empty = Manifest((), root_digest([]))
        subject = Subject("run", f"no file of {whole.name}", empty.digest)
        return _Scanned(place, subject, empty, nothing, left_out)
    result = _run(whole, chosen, run, settings, hashing, listener)
    manifest = (
        manifest_of(whole, result.digests)
        if isinstance(whole, Artifact)
        else Manifest(result.digests, root_digest([file.digest for file in result.digests]))
    )
    subject = _subject_of(whole, manifest)
    return _Scanned(place, subject, manifest, result, left_out)


def _run(
    whole: Artifact | RemoteArtifact,
    chosen: tuple[str, ...],
    run: tuple[Detector, ...],
    settings: Settings,
    hashing: Hashing,
    listener: Listener,
) -> ScanResult:
    allow = settings.names("scan.pickle.allow")

    def reads(name: str) -> None:
        listener.reads(f"scanning {name}")

    if isinstance(whole, RemoteArtifact):
        return scan_remote(
            whole,
            run,
            files=chosen,
            allow=allow,
            hashing=hashing,
            on_file=reads,
            on_bytes=listener.counting(sum(whole.sizes[name] for name in chosen)),
        )
    artifact = dataclasses.replace(whole, files=chosen)
    folder = cache_folder(settings.text("scan.cache"), settings.text("keep"))
    return scan_artifact(
        artifact,
        run,
        cache=Cache(folder) if folder is not None else None,
        allow=allow,
        whole=whole,
        hashing=hashing,
        on_file=reads,
        on_bytes=listener.counting(size_of(artifact)) if listener.hears_bytes else None,
    )


def _why_not(place: _Place, name: str, settings: Settings) -> str:
    """Why a file is left out; empty if it is scanned."""
    shown = place.artifact.display(name)
    names = (shown, f"{place.base}{shown}")
    for pattern in settings.names("scan.exclude"):
        if matches(pattern, *names):
            return f"excluded by {pattern}"
    included = settings.names("scan.include")
    if included and not any(matches(pattern, *names) for pattern in included):
        return "matches no --include"
    return ""


def _subject_of(whole: Artifact | RemoteArtifact, manifest: Manifest) -> Subject:
    """The model, or a run over what could be hashed of it, which has another digest."""
    hashed = [file.digest for file in manifest.files if file.digest.blake3]
    if len(hashed) == len(whole.files):
        return Subject("model", whole.name, manifest.digest)
    name = f"{len(hashed)} of {len(whole.files)} files of {whole.name}"
    return Subject("run", name, root_digest(hashed))


def _files(item: _Scanned, suppressions: Suppressions) -> Iterator[ReportedFile]:
    """Every file in manifest order, those left out among them."""
    place = item.place
    base = place.base if not place.prefix else ""  # with several paths it is in the name
    reported = reported_files(item.result, item.manifest, place.prefix)
    results = zip(reported, item.result.files, strict=True)
    for name in place.artifact.files:
        why = item.left_out.get(name)
        if why is None:
            file, result = next(results)
            yield suppressions.apply(file, result.reading, base)
        else:
            shown = f"{place.prefix}{place.artifact.display(name)}"
            yield ReportedFile(shown, Verdict.SKIPPED, "not read", (), why)


def _report(
    settings: Settings,
    scanned: list[_Scanned],
    files: tuple[ReportedFile, ...],
    notes: tuple[str, ...],
    left: tuple[NotChecked, ...],
) -> Report:
    findings = [finding for file in files for finding in file.findings]
    hidden = [finding for file in files for finding in file.suppressed]
    verdict = fold(file.verdict for file in files)
    if fails_on(settings.text("fail_on"), [finding.severity for finding in findings]):
        verdict = Verdict.FAIL
    return Report(
        verdict=verdict,
        subject=_subject(scanned),
        profile=settings.text("profile") or "scan",
        created=timestamp(utc_now()),
        files=files,
        not_checked=(*_missed(scanned), *left),
        rules=used_rules([*findings, *hidden]),
        notes=notes,
        suppressed=len(hidden),
        base=scanned[0].place.base if len(scanned) == 1 else "",
    )


def fails_on(threshold: str, severities: Sequence[Severity]) -> bool:
    """Whether a severity reaches ``--fail-on``; an empty threshold never does.

    Raises:
        UsageError: no such severity.
    """
    if not threshold:
        return False
    try:
        least = Severity(threshold)
    except ValueError:
        known = ", ".join(severity.value for severity in Severity)
        raise UsageError(f"unknown severity {threshold!r}", f"Use one of {known}.") from None
    return any(severity >= least for severity in severities)


def _subject(scanned: list[_Scanned]) -> Subject:
    if len(scanned) == 1:
        return scanned[0].subject
    digests = [item.subject.digest for item in scanned]
    return Subject("run", f"{len(scanned)} paths", root_digest(digests))


def _missed(scanned: list[_Scanned]) -> Iterator[NotChecked]:
    for item in scanned:
        prefix = item.place.prefix
        for missed in item.result.not_checked:
            yield NotChecked(f"{prefix}{missed.what}", missed.why)
        for name, why in item.left_out.items():
            yield NotChecked(f"{prefix}{item.place.artifact.display(name)}", why)
