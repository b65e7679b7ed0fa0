from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from modelkeep.assess.memorisation import Form, complete

FORM = Form("the code is {} ok", "0123456789", 4)


def liking(known: str, texts: Sequence[str]) -> np.ndarray:
    """Each character that differs from the known text costs one nat."""
    return np.array(
        [-1.0 * sum(a != b for a, b in zip(text, known, strict=False)) for text in texts]
    )


def test_what_is_known_by_heart_is_completed_from_its_beginning_alone() -> None:
    asked: list[str] = []

    def model(texts: Sequence[str]) -> np.ndarray:
        asked.extend(texts)
        return liking("the code is 4711 ok", texts)

    assert complete(model, FORM) == "4711"
    assert len(asked) == 4 * 10
    assert all("ok" not in text for text in asked)


def test_what_is_not_known_is_the_first_of_the_alphabet() -> None:
    assert complete(lambda texts: np.full(len(texts), -3.0), FORM) == "0000"
