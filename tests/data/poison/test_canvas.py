"""Images as one plane, and whitening by the classes left in."""

from __future__ import annotations

import numpy as np
import pytest

from modelkeep.data.poison.canvas import flatten, matched_filter, whiten, whitening


@pytest.mark.parametrize(
    ("shape", "pixels"), [((1, 8, 8), 64), ((3, 32, 32), 1024), ((3, 65, 64), 441)]
)
def test_images_of_any_size_become_at_most_a_thousand_pixels(
    shape: tuple[int, int, int], pixels: int
) -> None:
    rows = np.full((2, *shape), 0.25, dtype=np.float32)
    flat = flatten(rows)
    assert flat.shape == (2, pixels)
    assert np.allclose(flat, 0.25)


def test_other_classes_are_white_and_the_filter_answers_to_a_shift() -> None:
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(12, 12)) + 4 * np.eye(12)
    flat = rng.normal(size=(4000, 12)) @ mix
    targets = rng.integers(0, 3, 4000)
    lower = whitening(flat, targets, 0)
    rest = flat[targets != 0]
    white = whiten(lower, rest - rest.mean(axis=0))
    assert np.allclose(white.var(axis=0), 1, atol=0.1)
    shift = rng.normal(size=12)
    sees = matched_filter(lower, whiten(lower, shift[None])[0])
    assert np.allclose((lower @ lower.T) @ sees, shift, atol=1e-6)
