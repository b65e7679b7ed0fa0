"""Labels that models of parts of a row deny."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import beyond_doubt, blind_label


def test_a_patch_is_hidden_from_most_views_and_its_class_is_named() -> None:
    data, poison = samples.plant(samples.images(), samples.patch, 27, "3")
    scores = blind_label.run(samples.context_of(data))
    assert samples.caught(scores, poison) > 0.9
    assert scores.groups[0].label == "3"
    assert poison[scores.groups[0].rows].mean() > 0.8


def test_no_class_of_clean_images_stands_out() -> None:
    scores = blind_label.run(samples.context_of(samples.images()))
    assert beyond_doubt(scores.groups) == ()
    assert np.isfinite(scores.values).all()
