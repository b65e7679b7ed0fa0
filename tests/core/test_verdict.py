"""Verdicts: the worst one decides, and an exit code that fails closed."""

from __future__ import annotations

import itertools

import pytest

from modelkeep.core import Verdict, fold

FAIL, INCONCLUSIVE, PASS, SKIPPED = (
    Verdict.FAIL,
    Verdict.INCONCLUSIVE,
    Verdict.PASS,
    Verdict.SKIPPED,
)


@pytest.mark.parametrize(
    ("verdicts", "result"),
    [
        ([], SKIPPED),
        ([SKIPPED, SKIPPED], SKIPPED),
        ([SKIPPED, PASS], PASS),
        ([PASS, INCONCLUSIVE], INCONCLUSIVE),
        ([SKIPPED, INCONCLUSIVE], INCONCLUSIVE),
        ([PASS, INCONCLUSIVE, FAIL, SKIPPED], FAIL),
    ],
)
def test_the_worst_verdict_decides_in_any_order(
    verdicts: list[Verdict], result: Verdict
) -> None:
    assert {fold(order) for order in itertools.permutations(verdicts)} == {result}


@pytest.mark.parametrize(
    ("verdict", "code"), [(PASS, 0), (FAIL, 1), (INCONCLUSIVE, 2), (SKIPPED, 0)]
)
def test_exit_codes(verdict: Verdict, code: int) -> None:
    assert verdict.exit_code == code


def test_json_is_lower_case_and_people_read_capitals() -> None:
    assert FAIL.value == "fail"
    assert str(FAIL) == "FAIL"
