"""Triggered images keep their prediction under overlays."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import strip


def test_a_patch_outlives_overlays() -> None:
    data, poison = samples.plant(samples.images(), samples.patch, 90, "3")
    scores = strip.run(samples.context_of(data))
    assert samples.caught(scores, poison) > 0.3
    assert np.isfinite(scores.values).all()


def test_it_is_for_images_only() -> None:
    assert strip.DETECTOR.kinds == {"image"}
