"""Images alike."""

from __future__ import annotations

import numpy as np

from modelkeep.data.leaks import hash_images, near_images

DRAW = np.random.default_rng(0)
TRAIN = np.repeat(np.repeat(DRAW.random((200, 3, 8, 9)), 4, axis=2), 4, axis=3)
OTHERS = np.repeat(np.repeat(DRAW.random((50, 3, 8, 9)), 4, axis=2), 4, axis=3)


def test_brighter_noisy_and_smaller_copies_are_found_and_others_are_not() -> None:
    test = OTHERS.copy()
    test[3] = TRAIN[11] * 0.8 + 0.1
    test[9] = (TRAIN[40] + DRAW.normal(0, 0.01, TRAIN[40].shape)).clip(0, 1)
    found = list(near_images(hash_images(TRAIN), hash_images(test)))
    assert [(leak.train, leak.test) for leak in found] == [(11, 3), (40, 9)]
    assert hash_images(TRAIN[:5, :, ::2, ::2]).tolist() == hash_images(TRAIN[:5]).tolist()


def test_plain_images_say_nothing() -> None:
    plain = np.full((2, 1, 32, 32), 0.5)
    assert list(near_images(hash_images(plain), hash_images(plain))) == []
    assert hash_images(np.zeros((1, 1, 2, 2))).tolist() == [0]
