"""PASS, FAIL, INCONCLUSIVE, SKIPPED, and how several become one."""

from __future__ import annotations

import enum
from collections.abc import Iterable


class Verdict(enum.Enum):
    """The outcome of a check; lower case in JSON."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"

    def __str__(self) -> str:
        return self.name

    @property
    def exit_code(self) -> int:
        """0 pass, 1 policy said no, 2 could not finish (fails closed)."""
        return {Verdict.FAIL: 1, Verdict.INCONCLUSIVE: 2}.get(self, 0)


def fold(verdicts: Iterable[Verdict]) -> Verdict:
    """Return FAIL if any failed, else INCONCLUSIVE if any was, else PASS.

    What was skipped alone changes nothing; nothing at all, or only skipped, is SKIPPED.
    """
    seen = set(verdicts)
    for verdict in (Verdict.FAIL, Verdict.INCONCLUSIVE, Verdict.PASS):
        if verdict in seen:
            return verdict
    return Verdict.SKIPPED
