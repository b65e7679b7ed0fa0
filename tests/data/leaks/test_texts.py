"""Texts nearly the same."""

from __future__ import annotations

import numpy as np

from modelkeep.data.leaks import near_texts, shingles


def texts(count: int, seed: int) -> list[str]:
    draw = np.random.default_rng(seed)
    return [" ".join(f"w{n}" for n in draw.integers(0, 5000, 60)) for _ in range(count)]


def test_a_word_changed_is_found_and_others_are_not() -> None:
    train, test = texts(300, 1), texts(50, 2)
    test[7] = train[123].replace(train[123].split()[5], "other", 1).upper()
    (leak,) = near_texts(train, test)
    assert (leak.train, leak.test) == (123, 7)
    one, two = shingles(train[123]), shingles(test[7])
    assert leak.likeness == len(one & two) / len(one | two)


def test_empty_and_short_texts() -> None:
    assert list(near_texts(["", "ok", "..."], ["", "fine", "..."])) == []
    assert [leak.test for leak in near_texts(["OK!"], ["", "ok"])] == [1]
