"""Reviewers are measured by controls that nobody can tell from the queue alone."""

from __future__ import annotations

import numpy as np

import poison_samples as samples
from modelkeep.data.review import (
    ReviewDecision,
    make_controls,
    measure_reviewers,
    show_row,
    truth_digest,
)


def test_controls_touch_no_real_group_and_half_are_shown_under_a_wrong_label() -> None:
    context = samples.context_of(samples.images())
    taken = np.zeros(len(context), dtype=bool)
    taken[:300] = True
    cards, truth = make_controls(context, taken, 7)
    assert sorted(truth.values()) == [False, False, True, True]
    for card in cards:
        assert not taken[card.rows].any()
        wrong = context.data.labels[card.rows] != card.label
        assert wrong.all() == truth[card.id]
        assert wrong.any() == truth[card.id]
        assert card.advice == "review"


def test_who_judges_controls_rightly_is_told_from_who_does_not() -> None:
    truth = {"a": True, "b": False, "c": True}
    good = [("a", "quarantine"), ("b", "keep"), ("c", "relabel")]
    decisions = [ReviewDecision(g, c, "Ann", "r") for g, c in good]  # type: ignore[arg-type]
    decisions += [ReviewDecision(g, "keep", "bob", "r") for g in truth]
    decisions.append(ReviewDecision("real", "keep", "eve", "r"))
    ann, bob = measure_reviewers(decisions, truth)
    assert (ann.value, ann.n, ann.note) == (1, 3, "reviewer ann")
    assert bob.value == 1 / 3
    assert bob.low < bob.value < bob.high


def test_the_digest_binds_the_truth() -> None:
    assert truth_digest({"a": True}, "s") != truth_digest({"a": False}, "s")
    assert truth_digest({"a": True}, "s") != truth_digest({"a": True}, "t")


def test_rows_are_shown_on_one_line_with_nothing_that_moves_the_cursor() -> None:
    data = samples.texts(5)
    data.rows[0] = "one\n\x1b[2J" + "long " * 200
    line = show_row(data, 0, "7")
    assert line.startswith("row 0 [7] one\\u000a\\u001b")
    assert len(line) < 300
    assert "kind=" in show_row(samples.table(), 3)
    assert "image of (1, 16, 16)" in show_row(samples.images(), 3)
