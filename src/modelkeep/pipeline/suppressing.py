"""Findings that do not count: ignored in the settings file, or known from a baseline.

A finding is known by its rule, its fingerprint and its file, and only as long as it is no
worse than it was. What is suppressed is counted, and what suppresses nothing is reported,
so that neither list outlives what it was written for.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from modelkeep.core import InputError, Severity, Verdict
from modelkeep.core.replacing import replace_file
from modelkeep.core.suppression import Ignore
from modelkeep.report import Report, ReportedFile, ReportedFinding, Suppression
from modelkeep.scan import FAILING

BASELINE_VERSION = "1.0"


class KnownFinding(msgspec.Struct, frozen=True):
    """A finding of an earlier run."""

    rule: str
    fingerprint: str
    path: str
    severity: Severity
    message: str = ""


class Baseline(msgspec.Struct, frozen=True):
    """What was known when it was written."""

    findings: tuple[KnownFinding, ...] = ()
    schema_version: str = BASELINE_VERSION


def read_baseline(path: str | Path) -> Baseline:
    """Read what ``write_baseline`` wrote.

    Raises:
        InputError: there is no such file, or it is something else.
    """
    try:
        found = msgspec.json.decode(Path(path).read_bytes(), type=Baseline)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise InputError(f"{path}: not a baseline ({error})") from error
    if found.schema_version != BASELINE_VERSION:
        raise InputError(f"{path}: a baseline of version {found.schema_version}")
    return found


def write_baseline(report: Report, path: str | Path) -> int:
    """Write every finding of a scan that counts or was known already; returns how many.

    Raises:
        InputError: the file cannot be written.
    """
    known = (
        KnownFinding(f.rule, f.fingerprint, f.location.path, f.severity, f.message)
        for f in (*report.all_findings(), *report.all_suppressed())
        if f.suppression is None or f.suppression.kind == "baseline"
    )
    by_key = {_key(finding): finding for finding in known}
    document = Baseline(tuple(by_key[key] for key in sorted(by_key)))
    text = msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"
    replace_file(Path(path), text, mode=0o644)  # others read it from the repository
    return len(by_key)


def _key(finding: KnownFinding) -> tuple[str, str, str]:
    return finding.path, finding.rule, finding.fingerprint


class Suppressions:
    """Both lists of a run, and which of their entries were used."""

    def __init__(
        self,
        ignores: Iterable[Ignore],
        baseline: Baseline | None,
        names: dict[str, str],
        today: dt.date,
    ) -> None:
        self._names = names
        self._expired = [ignore for ignore in ignores if ignore.expired(today)]
        self._ignores = [ignore for ignore in ignores if not ignore.expired(today)]
        self._known = {_key(f): f for f in baseline.findings} if baseline is not None else {}
        self._used: set[Ignore] = set()
        self._met: set[tuple[str, str, str]] = set()

    def apply(self, file: ReportedFile, reading: Verdict, base: str) -> ReportedFile:
        """The file with the findings that count and those that do not, and its verdict.

        Args:
            file: as the scan left it.
            reading: what its verdict is without any finding.
            base: where its path begins, seen from the working directory.
        """
        if not file.findings:
            return file
        judged = [
            msgspec.structs.replace(f, suppression=self._suppression(f, base))
            for f in file.findings
        ]
        live = tuple(finding for finding in judged if finding.suppression is None)
        hidden = tuple(finding for finding in judged if finding.suppression is not None)
        failed = any(finding.severity >= FAILING for finding in live)
        return msgspec.structs.replace(
            file,
            verdict=Verdict.FAIL if failed else reading,
            findings=live,
            suppressed=hidden,
        )

    def _suppression(self, finding: ReportedFinding, base: str) -> Suppression | None:
        places = (finding.location.path, finding.place)
        names = (*places, *(f"{base}{place}" for place in places))
        rules = (finding.rule, self._names.get(finding.rule, finding.rule))
        for ignore in self._ignores:
            if ignore.covers(rules, names):
                self._used.add(ignore)
                until = "" if ignore.until is None else ignore.until.isoformat()
                return Suppression("ignore", ignore.reason, until)
        key = (finding.location.path, finding.rule, finding.fingerprint)
        known = self._known.get(key)
        if known is None or finding.severity > known.severity:
            return None
        self._met.add(key)
        return Suppression("baseline", "known before")

    def notes(self) -> Iterator[str]:
        """What is expired or suppresses nothing, one sentence each."""
        for ignore in self._expired:
            yield f"{ignore} expired on {ignore.until} and no longer counts"
        for ignore in self._ignores:
            if ignore not in self._used:
                yield f"{ignore} suppresses nothing; remove it"
        gone = len(self._known) - len(self._met)
        if gone:
            yield f"{gone} of {len(self._known)} findings of the baseline are gone"
