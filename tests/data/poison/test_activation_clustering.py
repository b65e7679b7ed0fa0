"""A small cluster of a class that belongs elsewhere."""

from __future__ import annotations

import poison_samples as samples
from modelkeep.data.poison import activation_clustering


def test_a_cluster_that_a_patch_makes_is_seen() -> None:
    data, poison = samples.plant(samples.images(), samples.patch, 45, "3")
    hidden = data.rows.reshape(len(data), -1).copy()
    hidden[:, :1] += 20 * poison[:, None]  # a layer in which the trigger shows
    scores = activation_clustering.run(samples.context_of(data, hidden=hidden))
    assert samples.caught(scores, poison) > 0.8


def test_clean_images_are_not_accused_where_the_patch_would_be() -> None:
    data = samples.images()
    _, poison = samples.plant(data, samples.patch, 45, "3")
    assert samples.caught(activation_clustering.run(samples.context_of(data)), poison) < 0.2
