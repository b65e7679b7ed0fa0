"""A pattern on images that keep their label, and classes that have none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import poison_samples as samples
from modelkeep.data.poison import fixed_pattern
from modelkeep.data.poison.patterns import Overlay
from modelkeep.models import Dataset


def wave(rows: np.ndarray) -> None:
    """A faint wave down every image."""
    rows[:] = np.clip(rows + 0.12 * np.sin(np.arange(16) * 2)[:, None], 0, 1)


def own(data: Dataset, stamp: samples.Stamp, count: int) -> tuple[Dataset, np.ndarray]:
    """Rows of class 3 stamped, labels as they are; and which they are."""
    chosen = np.flatnonzero(data.labels == "3")[:count]
    rows = data.rows.copy()
    part = rows[chosen]
    stamp(part)
    rows[chosen] = part
    return replace(data, rows=rows), np.isin(np.arange(len(data)), chosen)


@pytest.mark.parametrize("stamp", [wave, samples.patch])
def test_a_pattern_is_found_though_every_label_is_right(stamp: samples.Stamp) -> None:
    data, poison = own(samples.images(), stamp, 12)
    scores = fixed_pattern.run(samples.context_of(data))
    assert samples.caught(scores, poison) == 1
    (group,) = scores.groups
    assert group.label == "3"
    assert set(group.rows) == set(np.flatnonzero(poison))


def test_the_pattern_covers_its_images_and_is_stamped_on_others() -> None:
    clean = samples.images()
    data, poison = own(clean, wave, 12)
    (group,) = fixed_pattern.run(samples.context_of(data)).groups
    assert group.pattern is not None
    (overlay,) = group.pattern.terms
    assert isinstance(overlay, Overlay)
    threes = data.labels == "3"
    covered = group.pattern.covers(data)
    assert covered[poison].mean() >= 0.9
    assert covered[threes & ~poison].mean() <= 0.05
    stamped = group.pattern.stamped(clean.take(np.flatnonzero(~threes))).rows
    assert 0 <= stamped.min() < stamped.max() <= 1
    assert "laid over" in group.pattern.say(data)


def test_images_without_a_pattern_have_no_group() -> None:
    scores = fixed_pattern.run(samples.context_of(samples.images()))
    assert scores.groups == ()
    assert np.isfinite(scores.values).all()


def test_a_class_too_small_to_tell_is_left_at_zero() -> None:
    data = samples.images()
    few = np.concatenate(
        [np.flatnonzero(data.labels == "3")[:6], np.flatnonzero(data.labels == "1")]
    )
    scores = fixed_pattern.run(samples.context_of(data.take(few)))
    assert (scores.values[:6] == 0).all()
