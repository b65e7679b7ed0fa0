"""The e-process names unnatural streams soon, honest ones rarely, and costs little."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

import stream_samples as streams
from modelkeep.gateway.extraction import ALPHA, Extraction, calibrate
from modelkeep.gateway.interface import Answer, Call, Principal


def guard(alpha: float = ALPHA) -> Extraction:
    world = streams.digits()
    known = calibrate(world.calibration, world.scores(world.calibration))
    return Extraction(known, streams.alarms(), alpha)


@pytest.mark.parametrize("attack", [streams.noise, streams.line_search, streams.boundary_walk])
def test_unnatural_stream_is_named_within_a_few_queries(attack: object) -> None:
    found = [streams.queries_until(guard(), attack(seed), most=200) for seed in range(5)]  # type: ignore[operator]
    assert all(found), found
    assert np.median(found) <= 20, found  # type: ignore[arg-type]


def test_honest_streams_are_not_named() -> None:
    found = [streams.queries_until(guard(0.01), streams.honest(seed)) for seed in range(5)]
    assert found == [None] * 5


def test_retries_are_not_named() -> None:
    rows = itertools.chain.from_iterable([row] * 5 for row in streams.honest(3))
    assert streams.queries_until(guard(0.01), rows) is None


def test_attack_after_a_long_honest_past_is_still_named_soon() -> None:
    past = list(itertools.islice(streams.honest(1), 400))
    found = streams.queries_until(guard(), itertools.chain(past, streams.noise(2)), most=460)
    assert found is not None
    assert 400 < found <= 430


def test_answer_without_scores_is_not_run() -> None:
    who = Principal("a", "a", frozenset(), frozenset())
    call = Call(who, "m", {"x": np.zeros((1, 64), np.float32)}, 1, "")
    assert guard().after(call, Answer({"y": np.zeros(1)})).choice == "not-run"


def test_too_few_calibration_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="100 rows"):
        calibrate(np.zeros((99, 4)), np.zeros((99, 2)))


def test_cost_of_a_query_is_bounded() -> None:
    judge, world = guard(), streams.digits()
    who = Principal("a", "t", frozenset(), frozenset())
    rows = world.honest[:200]
    answers = [Answer({"p": world.scores(row[None])}, "p") for row in rows]
    calls = [Call(who, "m", {"x": row[None]}, 1, "") for row in rows]
    begun = time.process_time()
    for call, answer in zip(calls, answers, strict=True):
        judge.after(call, answer)
    assert (time.process_time() - begun) / len(rows) < 2e-3
