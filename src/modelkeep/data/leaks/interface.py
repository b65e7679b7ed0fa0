"""What training and test data have in common that they should not."""

from __future__ import annotations

from typing import Literal

import msgspec

Kind = Literal["same row", "same features", "near text", "near image"]


class Leak(msgspec.Struct, frozen=True):
    """A sample of the test data that the training data holds too, or nearly.

    Attributes:
        kind: how they are alike.
        train: row of the training data, from 0.
        test: row of the test data, from 0.
        likeness: 1 for the same, else the share they have in common.
    """

    kind: Kind
    train: int
    test: int
    likeness: float
