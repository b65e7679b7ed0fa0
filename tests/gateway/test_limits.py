"""Limits admit what they say, to one percent, and a greedy principal costs others little."""

from __future__ import annotations

import contextlib

import pytest

from modelkeep.gateway.config import Serving
from modelkeep.gateway.interface import Principal
from modelkeep.gateway.limits import Limits, make_limits
from modelkeep.gateway.refusal import RefusalError


def who(name: str, tenant: str = "") -> Principal:
    return Principal(name, tenant or name, frozenset("*"), frozenset(["infer"]))


def limits(**changes: float) -> Limits:
    return make_limits(Serving(**changes))  # type: ignore[arg-type]


def admits(made: Limits, principal: Principal, rows: int, now: float) -> bool:
    try:
        made.spend(principal, rows, now)
    except RefusalError as refusal:
        if refusal.rule != "limits.rate" or refusal.retry_after <= 0:
            raise
        return False
    return True


@pytest.mark.parametrize("rows", [1, 7])
def test_admitted_rows_are_exact_to_one_percent_at_every_level(rows: int) -> None:
    """Asked ten times faster than each limit in turn allows, for 200 s of the clock."""
    wide = {"principal_rows": 1e6, "tenant_rows": 1e6, "global_rows": 1e6}
    for narrow in wide:
        made = limits(**(wide | {narrow: 100.0}), burst_seconds=0.1)
        asked = [who("a", "t"), who("b", "t")] if narrow != "principal_rows" else [who("a")]
        admitted, step, seconds = 0, rows / 1000.0, 200.0
        for tick in range(int(seconds / step)):
            admitted += rows * admits(made, asked[tick % len(asked)], rows, tick * step)
        assert admitted / seconds == pytest.approx(100.0, rel=0.01), narrow


def throughput(others: int, greedy_rate: float) -> list[int]:
    """Rows that honest principals get in 60 s of the clock beside a greedy one."""
    made = limits(principal_rows=10.0, tenant_rows=1e6, global_rows=60.0, burst_seconds=1.0)
    honest = [who(f"p{n}") for n in range(others)]
    events = [(n / 9.0 + 0.001 * k, k) for k in range(others) for n in range(540)]
    events += [(n / greedy_rate, -1) for n in range(int(60 * greedy_rate))]
    got = [0] * others
    for now, k in sorted(events):
        if k < 0:
            admits(made, who("greedy"), 1, now)
        else:
            got[k] += admits(made, honest[k], 1, now)
    return got


def test_hundred_times_over_the_limit_costs_others_less_than_a_tenth() -> None:
    alone, beside = throughput(5, 0.0), throughput(5, 1000.0)
    assert min(alone) >= 535
    for before, after in zip(alone, beside, strict=True):
        assert after > 0.9 * before, (alone, beside)


def test_refused_rows_are_booked_nowhere() -> None:
    made = limits(principal_rows=1.0, tenant_rows=3.0, global_rows=1e6, burst_seconds=2.0)
    a, b = who("a", "t"), who("b", "t")
    assert admits(made, a, 2, 0.0)
    for _ in range(50):
        assert not admits(made, a, 1, 0.0)
    assert admits(made, b, 2, 0.0), "the tenant's rate is not spent by refusals"
    assert not admits(made, b, 2, 0.0)


def test_more_than_any_burst_is_refused_for_good() -> None:
    made = limits(principal_rows=10.0, burst_seconds=2.0)
    with pytest.raises(RefusalError, match="more rows than any burst") as caught:
        made.spend(who("a"), 21, 0.0)
    assert (caught.value.status, caught.value.rule) == (413, "limits.batch")


def test_places_are_held_while_requests_run_and_given_back_after_a_fault() -> None:
    made = limits(concurrency=3, principal_concurrency=2)
    a, b = who("a"), who("b")
    with contextlib.ExitStack() as held:
        held.enter_context(made.running(a))
        held.enter_context(made.running(a))
        with pytest.raises(RefusalError) as caught, made.running(a):
            raise AssertionError("admitted")
        assert (caught.value.status, caught.value.rule) == (429, "limits.concurrency")
        held.enter_context(made.running(b))
        with pytest.raises(RefusalError) as caught, made.running(who("c")):
            raise AssertionError("admitted")
        assert (caught.value.status, caught.value.rule) == (503, "limits.busy")
    with contextlib.suppress(ZeroDivisionError), made.running(a):
        raise ZeroDivisionError
    with made.running(a), made.running(a), made.running(b):
        pass
