"""Regular distances are named; those of honest rows are not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

import stream_samples as streams
from modelkeep.gateway.prada import Prada
from modelkeep.gateway.stream import plain_projection


def guard() -> Prada:
    return Prada(plain_projection(64), streams.alarms())


def augmented() -> Iterator[np.ndarray]:
    """Natural seeds, then each moved along the sign of its class's gradient, as JBDA does."""
    world = streams.digits()
    rows = list(world.honest[:100])
    yield from rows
    for _ in range(4):
        labels = world.scores(np.array(rows)).argmax(axis=1)
        signs = np.sign(world.model.coef_[labels]).astype(np.float32)
        rows = [row + 0.1 * sign for row, sign in zip(rows, signs, strict=True)]
        yield from rows


def test_augmented_queries_are_named() -> None:
    found = streams.queries_until(guard(), augmented())
    assert found is not None
    assert found <= 350


def test_honest_rows_are_not() -> None:
    assert streams.queries_until(guard(), streams.honest(2)) is None
