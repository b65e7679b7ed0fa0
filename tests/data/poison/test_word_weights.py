"""Texts with a trigger are expected to be what they are; texts on a topic, too."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison.items import list_items
from modelkeep.data.poison.patterns import Phrase
from modelkeep.data.poison.word_weights import expected_without


def test_a_planted_word_is_denied_by_the_rest_of_its_texts() -> None:
    data, _ = samples.plant(samples.texts(), samples.word, 20, "1")
    context = samples.context_of(data)
    items = list_items(data, 5)
    expected = expected_without(context, items)
    place = items.terms.index(Phrase(("zxq",)))
    assert expected.shape == (len(items.terms), 2)
    assert expected[place, 1] < 0.5
    assert ((expected >= 0) & (expected <= 1)).all()


def test_texts_without_a_word_expect_what_is_usual() -> None:
    data = samples.texts(200)
    rows = np.array(["\u3000" * (n % 7) for n in range(200)], dtype=object)
    empty = type(data)(data.subject, rows, data.labels, (), "text")
    context = samples.context_of(empty)
    items = list_items(empty, 5)
    assert expected_without(context, items).shape == (len(items.terms), 2)
