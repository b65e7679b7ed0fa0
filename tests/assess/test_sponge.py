"""Sponge inputs: a model that is slow on some rows is caught; an even one is not."""

from __future__ import annotations

import time

import numpy as np

import model_samples as samples
from modelkeep.assess.sponge import ATTACK, crafted
from modelkeep.core import InputError, Measurement, NotChecked

ROWS = samples.normal(32, 4)
DATA = samples.table(ROWS, ROWS[:, 0] > 0)


def busy(seconds: float) -> None:
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


def slow_on_huge(rows: np.ndarray) -> np.ndarray:
    busy(0.02 if np.abs(rows).max() > 1e20 else 0.002)
    return samples.two_classes(np.full(len(rows), 0.6))


def even(rows: np.ndarray) -> np.ndarray:
    busy(0.004)
    return samples.two_classes(np.full(len(rows), 0.6))


def ran(answer: object) -> tuple[Measurement, ...]:
    context = samples.context(samples.Answering(answer), DATA, DATA)  # type: ignore[arg-type]
    return tuple(m for m in ATTACK.run(context) if isinstance(m, Measurement))


def test_a_model_that_is_slow_on_huge_numbers_is_caught() -> None:
    (found,) = ran(slow_on_huge)
    assert found.low <= found.value <= found.high
    assert found.value > 4
    assert found.attacker is not None
    (risk,) = ATTACK.risks((found,))
    assert "time" in risk.title


def test_an_even_model_is_not() -> None:
    (found,) = ran(even)
    assert 0.6 < found.value < 1.6
    assert list(ATTACK.risks((found,))) == []


def test_what_is_refused_is_said() -> None:
    def picky(rows: np.ndarray) -> np.ndarray:
        if np.abs(rows).max() > 100:
            raise InputError("out of range")
        return samples.two_classes(np.full(len(rows), 0.6))

    context = samples.context(samples.Answering(picky), DATA, DATA)
    missed = [m for m in ATTACK.run(context) if isinstance(m, NotChecked)]
    assert [m.what for m in missed] == ["sponge inputs: huge"]


def test_crafted_rows_are_finite_and_some_subnormal() -> None:
    made = crafted(DATA, 0)
    assert all(np.isfinite(rows).all() for rows in made.values())
    assert 0 < np.abs(made["subnormal"]).max() < np.finfo(np.float32).tiny
