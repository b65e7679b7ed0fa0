"""``modelkeep data check``, ``data schema`` and ``data profile``: one decode of each table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from modelkeep.core import (
    Confidence,
    EvidenceError,
    Finding,
    InputError,
    Location,
    NotChecked,
    Rule,
    Severity,
    Subject,
    UsageError,
    Verdict,
    fold,
)
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.data import read_blocks, style_of
from modelkeep.data.checks import Checker, CheckResult, Drafter, format_schema, read_schema
from modelkeep.data.drift import (
    ALARM,
    LEAST,
    ColumnDrift,
    Profile,
    Profiler,
    compare_profiles,
    read_profile,
)
from modelkeep.data.sealing import Watch
from modelkeep.data.tables import SUFFIXES
from modelkeep.evidence import Statement, make_statement
from modelkeep.evidence.statement import Clock
from modelkeep.pipeline.accessing import require_access, require_access_here
from modelkeep.pipeline.artifacts import size_of
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import open_workspace
from modelkeep.sources import Artifact, digest_artifact, digest_bytes, open_artifact, stamp

DRIFT: Final = Rule(
    "DAT010",
    "data-drift",
    "A column is not spread as in the reference.",
    "Find out what changed at the source; take the new data as reference only if it is right.",
    "runtime.drift",
)
_LARGEST: Final = 256 << 20


@dataclass(frozen=True, slots=True)
class DataReport:
    """What checking a data set found.

    Attributes:
        subject: the data.
        verdict: of all checks together.
        rows: how many there are.
        bad: how many break a rule.
        results: every check, with the first rows that break it.
        drift: every column compared with the reference.
        findings: what failed.
        not_checked: what could not be checked, and why.
    """

    subject: Subject
    verdict: Verdict
    rows: int
    bad: int
    results: tuple[CheckResult, ...]
    drift: tuple[ColumnDrift, ...]
    findings: tuple[Finding, ...]
    not_checked: tuple[NotChecked, ...]


def watch_tables(artifact: Artifact, watches: tuple[Watch, ...]) -> list[str]:
    """Decode every table once and show its blocks to all watches.

    Returns:
        The files that are no tables.

    Raises:
        InputError: a table cannot be read to its end, or there is none.
    """
    passed = []
    tables = 0
    for name in artifact.files:
        shown = artifact.display(name)
        style = style_of(shown)
        if style not in SUFFIXES.values():
            passed.append(shown)
            continue
        tables += 1
        for block in read_blocks(artifact.locate(name), style):
            for watch in watches:
                watch(shown, style, block)
    if not tables:
        raise InputError(
            f"{artifact.path}: holds no table", "Give Parquet, CSV, JSON lines or NPZ."
        )
    return passed


def check_data(
    data: str | Path,
    *,
    schema: str | Path | None = None,
    reference: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> DataReport:
    """Check a data set against a schema, a reference, or both, and record what was found.

    Args:
        data: a table, or a folder of tables.
        schema: TOML of ours, or YAML or JSON that pandera wrote.
        reference: data, or a profile, that this data should be spread like.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        UsageError: neither schema nor reference.
        InputError: something cannot be read to its end.
        EvidenceError: the data changed while it was read.
    """
    if schema is None and reference is None:
        raise UsageError(
            "there is nothing to check against",
            "Give --schema or --reference; `modelkeep data schema SAMPLE` drafts a schema.",
        )
    heard = listener or Listener()
    examination = Examination(schema, reference, heard, flags)
    with open_workspace(flags, heard, make=True) as workspace:
        artifact = open_artifact(data)
        started = stamp(artifact)
        heard.reads("hashing")
        hashed = digest_artifact(artifact, heard.counting(size_of(artifact)))
        subject = Subject("dataset", artifact.name, hashed.digest)
        require_access(workspace, "read_data", subject)
        passed = watch_tables(artifact, examination.watches)
        if stamp(artifact) != started:
            raise EvidenceError(f"{artifact.path}: changed while it was being checked")
        report = examination.report(subject, passed)
        workspace.keep.record([examination.statement(report, workspace.keep.clock)])
        return report


class Examination:
    """The checks of one data set, ready to be shown its blocks by whoever decodes it."""

    def __init__(
        self,
        schema: str | Path | None,
        reference: str | Path | None,
        heard: Listener,
        flags: Mapping[str, Value | None],
    ) -> None:
        wanted, self._text = read_schema(Path(schema)) if schema is not None else (None, b"")
        self._before = (
            profile_data(reference, listener=heard, **flags) if reference is not None else None
        )
        self._checker = Checker(wanted) if wanted is not None else None
        self._profiler = Profiler() if self._before is not None else None

    @property
    def watches(self) -> tuple[Watch, ...]:
        """Who wants to see every block."""
        both = (self._checker, self._profiler)
        return tuple(watcher.add for watcher in both if watcher is not None)

    def report(self, subject: Subject, passed: list[str]) -> DataReport:
        """What was found, once all blocks were shown; ``passed``: files that are no tables."""
        return _report(subject, self._checker, (self._before, self._profiler), passed)

    def statement(self, report: DataReport, clock: Clock) -> Statement:
        """What is recorded about the data."""
        fields = _predicate(report, self._text, self._before)
        return make_statement("data-check", (report.subject,), fields, clock=clock)


def _report(
    subject: Subject,
    checker: Checker | None,
    profiles: tuple[Profile | None, Profiler | None],
    passed: list[str],
) -> DataReport:
    results = checker.results() if checker is not None else []
    findings = checker.findings(results) if checker is not None else []
    not_checked = Checker.not_checked(results)
    not_checked += [NotChecked(name, "is no table") for name in passed[:20]]
    if len(passed) > 20:  # noqa: PLR2004 - as many as are named
        not_checked.append(NotChecked(f"{len(passed) - 20} more files", "are no tables"))
    verdicts = [result.outcome for result in results]
    drift: list[ColumnDrift] = []
    before, profiler = profiles
    if before is not None and profiler is not None:
        now = profiler.profile()
        drift = compare_profiles(before, now)
        findings += [_drifted(subject, column) for column in drift if column.drifted]
        gone = _uncompared(before, now)
        not_checked += gone
        verdicts.append(Verdict.FAIL if any(c.drifted for c in drift) else Verdict.PASS)
        verdicts += [Verdict.INCONCLUSIVE] * bool(gone or not drift)
    rows = checker.rows if checker is not None else profiler.rows if profiler is not None else 0
    if rows == 0:
        verdicts.append(Verdict.INCONCLUSIVE)
        not_checked.append(NotChecked("all rules", "there are no rows"))
    return DataReport(
        subject,
        fold(verdicts),
        rows,
        checker.bad_rows() if checker is not None else 0,
        tuple(results),
        tuple(drift),
        tuple(findings),
        tuple(not_checked),
    )


def _drifted(subject: Subject, column: ColumnDrift) -> Finding:
    return Finding(
        DRIFT,
        Severity.MEDIUM,
        Confidence.HIGH,
        f"column {column.column!r} is not spread as in the reference: {column.why}",
        Location(subject.name, column.column),
        {"ks": f"{column.ks:.6f}", "psi": f"{column.psi:.6f}", "w1": f"{column.w1:.6g}"},
    )


def _uncompared(before: Profile, now: Profile) -> list[NotChecked]:
    """Columns of the reference nobody compared; one left out on both sides is known to be."""
    found = []
    for name in before.columns:
        if name not in now.columns:
            why = now.left_out.get(name, "is not there")
            found.append(NotChecked(f"drift of {name}", why))
    for name in now.columns:
        if name not in before.columns:
            why = before.left_out.get(name, "is not in the reference")
            found.append(NotChecked(f"drift of {name}", f"in the reference: {why}"))
    both = before.left_out.keys() & now.left_out.keys()
    return found + [NotChecked(f"drift of {name}", now.left_out[name]) for name in sorted(both)]


def _predicate(report: DataReport, schema: bytes, before: Profile | None) -> dict[str, object]:
    reference = msgspec.json.encode(before) if before is not None else b""
    return {
        "facts": {
            "data_check_passed": report.verdict is Verdict.PASS,
            "data_rows_checked": report.rows,
            "data_rows_bad": report.bad,
            "data_rules_not_run": sum(r.verdict == "inconclusive" for r in report.results),
        },
        "tool": f"modelkeep {VERSION}",
        "verdict": report.verdict.value,
        "schema_sha256": digest_bytes(schema).sha256 if schema else "",
        "reference_sha256": digest_bytes(reference).sha256 if reference else "",
        "results": msgspec.to_builtins(report.results),
        "drift": msgspec.to_builtins(report.drift),
        "alarm": ALARM if before is not None else 0.0,
        "least": LEAST if before is not None else 0.0,
        "not_checked": msgspec.to_builtins(report.not_checked),
    }


def draft_schema(data: str | Path, **flags: Value | None) -> str:
    """A schema, as TOML, drafted from a sample somebody trusts.

    Args:
        data: the sample.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the sample cannot be read to its end, or holds no rows.
    """
    drafter, artifact = Drafter(), open_artifact(data)
    require_access_here(flags, "read_data", artifact)
    watch_tables(artifact, (drafter.add,))
    if drafter.rows == 0:
        raise InputError(f"{data}: holds no rows to draft a schema from")
    return format_schema(drafter.schema())


def profile_data(
    data: str | Path, *, listener: Listener | None = None, **flags: Value | None
) -> Profile:
    """How the columns of a data set are spread; a profile is read as it is.

    Args:
        data: the data set, or what this function made of one.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: neither data that can be read nor a profile.
    """
    heard = listener or Listener()
    path = Path(data)
    if path.suffix == ".json" and path.is_file():
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path}: too large for a profile")
        return read_profile(path.read_bytes(), str(path))
    heard.tell(f"reading the reference {path}")
    profiler, artifact = Profiler(), open_artifact(path)
    require_access_here(flags, "read_data", artifact)
    watch_tables(artifact, (profiler.add,))
    return profiler.profile()
