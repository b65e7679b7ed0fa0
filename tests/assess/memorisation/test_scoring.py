from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from modelkeep.assess.memorisation import score_texts
from modelkeep.core import InputError


def test_texts_are_asked_in_batches_and_answered_in_order() -> None:
    asked: list[int] = []

    def model(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return np.array([-float(text) for text in texts])

    said = score_texts(model, [str(number) for number in range(2500)])
    assert asked == [1000, 1000, 500]
    assert np.array_equal(said, -np.arange(2500.0))
    assert score_texts(model, []).shape == (0,)


@pytest.mark.parametrize(
    ("said", "message", "hint"),
    [
        ([3.0, 4.0], "answers 4, which is no log-likelihood", "not its loss"),
        ([-1.0], r"answers shape \(1,\) to 2 texts", "one log-likelihood for each text"),
        ([[-1.0], [-2.0]], r"answers shape \(2, 1\) to 2 texts", "one log-likelihood"),
        ([-1.0, np.nan], "answers NaN or infinity", "a probability above 0"),
        ([-1.0, -np.inf], "answers NaN or infinity", "a probability above 0"),
    ],
)
def test_what_is_no_log_likelihood_is_refused(said: object, message: str, hint: str) -> None:
    with pytest.raises(InputError, match=message) as error:
        score_texts(lambda _texts: np.array(said), ["a", "b"])
    assert hint in error.value.hint
