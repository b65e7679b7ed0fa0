"""What scrambled labels cannot hide."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.poison import confusion_training


def test_a_trigger_outlives_confusion_and_trusted_rows_are_not_accused() -> None:
    clean = samples.images()
    data, poison = samples.plant(clean, lambda rows: rows.fill(0.5), 45, "3")
    trusted = ~poison & (np.arange(len(data)) % 4 == 0)
    context = samples.context_of(data, trusted=trusted)
    assert confusion_training.applies(context) is None
    scores = confusion_training.run(context)
    assert samples.caught(scores, poison) > 0.9
    assert (scores.values[trusted] == scores.values.min()).all()


def test_it_says_what_it_needs() -> None:
    said = confusion_training.applies(samples.context_of(samples.texts()))
    assert said == "0 trusted rows, want 100 or more"
