"""``modelkeep scan``: static rules only; no keep, no key, no framework."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from modelkeep.core import NotChecked, Severity, Subject, UsageError, Verdict, fold
from modelkeep.core.settings import Value, resolve
from modelkeep.evidence import timestamp, utc_now
from modelkeep.pipeline.artifacts import Examined, examine, reported_files, used_rules
from modelkeep.pipeline.listening import Listener
from modelkeep.report import Report
from modelkeep.sources import root_digest


def scan(*paths: str | Path, listener: Listener | None = None, **flags: Value | None) -> Report:
    """Scan files and directories; nothing in them is loaded.

    Args:
        paths: what to scan.
        listener: who hears how far it got.
        flags: settings, such as ``fail_on="medium"``.

    Raises:
        InputError: a path cannot be opened.
    """
    if not paths:
        raise UsageError("nothing to scan was named")
    heard = listener or Listener()
    settings = resolve(flags)
    allow = settings.names("scan.pickle_allow")
    examined = [examine(path, allow, heard) for path in paths]
    files = tuple(
        file
        for path, item in zip(paths, examined, strict=True)
        for file in reported_files(item, _prefix(path, item, many=len(paths) > 1))
    )
    findings = [finding for file in files for finding in file.findings]
    verdict = fold(file.verdict for file in files)
    if fails_on(settings.text("fail_on"), [finding.severity for finding in findings]):
        verdict = Verdict.FAIL
    return Report(
        verdict=verdict,
        subject=_subject(examined),
        profile=settings.text("profile") or "scan",
        created=timestamp(utc_now()),
        files=files,
        not_checked=tuple(_missed(paths, examined)),
        rules=used_rules(findings),
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


def _prefix(path: str | Path, item: Examined, *, many: bool) -> str:
    if not many:
        return ""
    return f"{path}/" if item.artifact.is_directory else f"{Path(path).parent}/"


def _subject(examined: list[Examined]) -> Subject:
    if len(examined) == 1:
        return examined[0].subject
    digests = [item.subject.digest for item in examined]
    return Subject("run", f"{len(examined)} paths", root_digest(digests))


def _missed(paths: tuple[str | Path, ...], examined: list[Examined]) -> list[NotChecked]:
    many = len(paths) > 1
    return [
        NotChecked(f"{_prefix(path, item, many=many)}{missed.what}", missed.why)
        for path, item in zip(paths, examined, strict=True)
        for missed in item.scan.not_checked
    ]
