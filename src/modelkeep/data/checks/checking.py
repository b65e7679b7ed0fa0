"""Run all checks over the blocks of a data set as they pass, and add up what they found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping

import numpy as np

from modelkeep.core import Confidence, Finding, Location, NotChecked, Severity
from modelkeep.data.cells import Block
from modelkeep.data.checks.categories import CategoryCheck
from modelkeep.data.checks.cross_column import RowCheck
from modelkeep.data.checks.interface import SHOWN, CannotRunError, Check, CheckResult, Schema
from modelkeep.data.checks.nulls import NullCheck
from modelkeep.data.checks.patterns import PatternCheck
from modelkeep.data.checks.ranges import RangeCheck
from modelkeep.data.checks.shape import ColumnsCheck
from modelkeep.data.checks.types import TypeCheck
from modelkeep.data.checks.uniqueness import UniquenessCheck
from modelkeep.data.checks.unread import UnreadCheck
from modelkeep.data.checks.views import view_of


def checks_of(schema: Schema) -> list[Check]:
    """The checks a schema asks for."""
    checks: list[Check] = [ColumnsCheck(schema)]
    for name, rules in schema.columns.items():
        if rules.type:
            checks.append(TypeCheck(name, rules.type))
        if not rules.nulls:
            checks.append(NullCheck(name))
        if rules.low is not None or rules.high is not None:
            checks.append(RangeCheck(name, rules.low, rules.high))
        if rules.categories is not None:
            checks.append(CategoryCheck(name, rules.categories))
        if rules.pattern:
            checks.append(PatternCheck(name, rules.pattern))
        if rules.unique:
            checks.append(UniquenessCheck((name,)))
    checks += [UniquenessCheck(tuple(names)) for names in schema.unique_together]
    checks += [RowCheck(rule.name, rule.expression) for rule in schema.rules]
    checks += [UnreadCheck(what) for what in schema.unread]
    return checks


class _Tally:
    """What one check found so far."""

    def __init__(self, check: Check) -> None:
        self.check = check
        self.bad = 0
        self.rows: list[int] = []
        self.why = ""

    def take(self, rows: np.ndarray) -> None:
        self.bad += len(rows)
        self.rows += rows[: SHOWN - len(self.rows)].tolist()


class Checker:
    """Takes the blocks of a data set, file after file, and hands back results."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._tallies = [_Tally(check) for check in checks_of(schema)]
        self._bad: list[np.ndarray] = []  # a bit per row, block by block
        self._sizes: list[int] = []
        self._paths: list[str] = []
        self._firsts: list[int] = []
        self.rows = 0

    def add(self, path: str, style: str, block: Block) -> None:
        """Take in one block of one file."""
        if not self._paths or self._paths[-1] != path:
            self._paths.append(path)
            self._firsts.append(self.rows)
        view = view_of(block, style, self._schema)
        bad = np.zeros(block.rows, bool)
        for tally in self._tallies:
            if tally.why or self._may_lack(tally.check, view.cells):
                continue
            try:
                mask = tally.check.look(view)
            except CannotRunError as error:
                tally.why = error.message
                continue
            if mask is not None and mask.any():
                bad |= mask
                tally.take(np.flatnonzero(mask) + self.rows)
        self._bad.append(np.packbits(bad))
        self._sizes.append(block.rows)
        self.rows += block.rows

    def _may_lack(self, check: Check, present: Mapping[str, object]) -> bool:
        """Whether the check is about an optional column that this file lacks."""
        if isinstance(check, ColumnsCheck):
            return False
        lacking = [name for name in check.columns if name not in present]
        rules = self._schema.columns
        return any(name in rules and rules[name].optional for name in lacking)

    def results(self) -> list[CheckResult]:
        """What every check found, once all blocks passed."""
        found = []
        for tally in self._tallies:
            late = tally.check.finish()
            if not tally.why and len(late):
                tally.take(late)
                self._mark(late)
            found.append(self._result(tally))
        return found

    def _mark(self, rows: np.ndarray) -> None:
        starts = np.concatenate([[0], np.cumsum(self._sizes)])
        blocks = np.searchsorted(starts, rows, "right") - 1
        for number in np.unique(blocks).tolist():
            inside = rows[blocks == number] - starts[number]
            bits = np.unpackbits(self._bad[number], count=self._sizes[number])
            bits[inside] = 1
            self._bad[number] = np.packbits(bits)

    def _result(self, tally: _Tally) -> CheckResult:
        check, why = tally.check, tally.why
        verdict = "inconclusive" if why else "fail" if tally.bad else "pass"
        if isinstance(check, ColumnsCheck) and check.wrong:
            verdict, why = "fail", check.wrong
        if tally.bad and tally.why:
            verdict = "fail"  # what was seen before it stopped stays wrong
        rows = tuple(self._place(row) for row in tally.rows)
        return CheckResult(
            check.rule.id, check.what, check.columns, verdict, tally.bad, rows, why
        )

    def _place(self, row: int) -> tuple[str, int]:
        index = bisect_right(self._firsts, row) - 1
        return self._paths[index], row - self._firsts[index]

    def bad_rows(self) -> int:
        """How many rows break at least one rule."""
        return sum(int(np.bitwise_count(bits).sum()) for bits in self._bad)

    def findings(self, results: list[CheckResult]) -> list[Finding]:
        """A finding per check that failed."""
        rules = {tally.check.rule.id: tally.check.rule for tally in self._tallies}
        found = []
        for result in results:
            if result.verdict != "fail":
                continue
            path = result.rows[0][0] if result.rows else self._paths[0]
            said = f"{result.bad} rows break: {result.what}" if result.bad else result.why
            rows = ", ".join(f"{file}:{row}" for file, row in result.rows)
            found.append(
                Finding(
                    rules[result.rule],
                    Severity.MEDIUM,
                    Confidence.HIGH,
                    said,
                    Location(path),
                    {"columns": ", ".join(result.columns), "rows": rows},
                )
            )
        return found

    @staticmethod
    def not_checked(results: list[CheckResult]) -> list[NotChecked]:
        """The checks that could not run, or not to the end, and why."""
        return [
            NotChecked(result.what, result.why)
            for result in results
            if result.why and not (result.verdict == "fail" and not result.bad)
        ]
