"""Promises out of place fail; honest language of R models does not."""

from __future__ import annotations

import pytest

from modelkeep.core import Severity
from modelkeep.scan.r_promise import DETECTOR
from r_objects import (
    NIL,
    call,
    closure,
    environment,
    number,
    promise,
    rds,
    strings,
    symbol,
    vector,
)
from samples import found_by

RUN = call("system", strings("true"))


def severities(item: bytes) -> list[Severity]:
    return [finding.severity for finding in found_by(DETECTOR, rds(item))]


@pytest.mark.parametrize(
    "item",
    [promise(RUN), vector(promise(RUN)), promise(symbol("x")), number(2) + promise(RUN) + NIL],
    ids=["root", "in a list", "any expression", "in a pairlist"],
)
def test_a_promise_outside_an_environment_is_critical(item: bytes) -> None:
    assert severities(item) == [Severity.CRITICAL]


def test_a_promise_in_an_environment_is_judged_by_what_it_calls() -> None:
    def bound(expression: bytes) -> bytes:
        return environment(number(2 | 0x400) + symbol("x") + promise(expression) + NIL)

    assert severities(bound(call("c", NIL))) == []
    assert severities(bound(RUN)) == [Severity.HIGH]


def test_language_that_models_store_is_no_failure() -> None:
    assert severities(vector(call("lm", symbol("y")), closure(call("exp", symbol("x"))))) == []
    assert severities(closure(RUN)) == [Severity.MEDIUM]
