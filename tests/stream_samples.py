"""Streams of queries against a model of scikit-learn's digits, for guards that watch them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from modelkeep.core.clock import utc_now
from modelkeep.gateway.alarms import Alarms
from modelkeep.gateway.interface import Answer, Call, Guard, Principal
from modelkeep.gateway.repeats import Repeats


@dataclass(frozen=True)
class Digits:
    """A model, rows to calibrate on, and honest rows it never saw."""

    model: LogisticRegression
    calibration: np.ndarray
    honest: np.ndarray

    def scores(self, rows: np.ndarray) -> np.ndarray:
        """The model's answers."""
        return np.asarray(self.model.predict_proba(rows))


@cache
def digits() -> Digits:
    """Digits in [0, 1], split in three."""
    found = load_digits()
    order = np.random.default_rng(5).permutation(len(found.target))
    rows, labels = (found.data[order] / 16).astype(np.float32), found.target[order]
    model = LogisticRegression(max_iter=500).fit(rows[:500], labels[:500])
    return Digits(model, rows[500:1200], rows[1200:])


def alarms() -> Alarms:
    """An empty list."""
    return Alarms(utc_now)


def queries_until(
    guard: Guard, stream: Iterator[np.ndarray], who: str = "somebody", most: int = 500
) -> int | None:
    """How many queries pass until a guard does not allow one; ``None``: it allows all."""
    world, repeats = digits(), Repeats()
    principal = Principal(who, who, frozenset("*"), frozenset(("infer",)))
    for count, row in zip(range(1, most + 1), stream, strict=False):
        call = Call(principal, "digits", {"x": row[None].astype(np.float32)}, 1, "")
        repeats.before(call)
        ruling = guard.before(call)
        if ruling.choice == "allow":
            ruling = guard.after(call, Answer({"p": world.scores(row[None])}, "p"))
        if ruling.choice != "allow":
            return count
    return None


def honest(seed: int) -> Iterator[np.ndarray]:
    """Rows of the same distribution in random order."""
    rows = digits().honest
    yield from rows[np.random.default_rng(seed).permutation(len(rows))]


def noise(seed: int) -> Iterator[np.ndarray]:
    """Uniform noise."""
    random = np.random.default_rng(seed)
    while True:
        yield random.random(64)


def _bisection(random: np.random.Generator) -> Iterator[np.ndarray]:
    """Two honest rows, then the middles that close in on a boundary between them."""
    world = digits()
    low, high = world.honest[random.choice(len(world.honest), 2, replace=False)]
    first = world.scores(low[None]).argmax()
    yield from (low, high)
    for _ in range(12):
        middle = (low + high) / 2
        yield middle
        same = world.scores(middle[None]).argmax() == first
        low, high = (middle, high) if same else (low, middle)


def line_search(seed: int) -> Iterator[np.ndarray]:
    """Bisection between two honest rows, again and again."""
    random = np.random.default_rng(seed)
    while True:
        yield from _bisection(random)


def boundary_walk(seed: int) -> Iterator[np.ndarray]:
    """Small random steps around one row on the boundary."""
    random = np.random.default_rng(seed)
    *_, row = _bisection(random)
    while True:
        yield row + random.normal(size=64) * 0.02
