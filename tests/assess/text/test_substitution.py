"""Few words, few edits, few queries; what is called broken is broken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import model_samples as samples
from modelkeep.assess.text import TextBudget, attack_texts
from modelkeep.core import InputError

GOOD = ["lovely film with a bright cast", "a bright and lovely story", "what a lovely evening"]
BAD = ["dreadful film with a dull cast", "a dull and dreadful story", "what a dreadful evening"]
MODEL = make_pipeline(CountVectorizer(), LogisticRegression())
MODEL.fit(GOOD * 4 + BAD * 4, [1] * 12 + [0] * 12)
TEXTS, TRUTH = GOOD + BAD, [1] * 3 + [0] * 3


def predict(texts: Sequence[str]) -> np.ndarray:
    return np.asarray(MODEL.predict_proba(list(texts)))


def differing(one: str, other: str) -> int:
    return sum(a != b for a, b in zip(one.split(), other.split(), strict=False))


def test_a_model_of_words_falls_to_one_letter_and_stays_within_its_budget() -> None:
    asked: list[int] = []

    def counted(texts: Sequence[str]) -> np.ndarray:
        asked.append(len(texts))
        return predict(texts)

    budget = TextBudget(words=0.4, edits=1, queries=120)
    found = attack_texts(counted, TEXTS, TRUTH, budget)
    assert sum(one.broken for one in found) >= 3
    for text, label, one in zip(TEXTS, TRUTH, found, strict=True):
        assert one.broken == (predict([one.text])[0].argmax() != label)
        assert one.changed <= max(1, int(0.4 * len(text.split())))
        assert one.queries <= 120
        assert differing(text, one.text) <= one.changed or " " in one.text
    assert sum(one.queries for one in found) == sum(asked)


def test_nothing_breaks_a_model_that_does_not_look() -> None:
    def constant(texts: Sequence[str]) -> np.ndarray:
        return samples.two_classes(np.zeros(len(texts)))

    (found,) = attack_texts(constant, ["any text at all"], [0])
    assert (found.text, found.broken, found.changed) == ("any text at all", False, 0)


def test_synonyms_are_used_where_given() -> None:
    def only_meaning(texts: Sequence[str]) -> np.ndarray:
        return samples.two_classes(np.array([float("superb" in text) for text in texts]))

    budget = TextBudget(synonyms={"lovely": ("superb",)})
    (found,) = attack_texts(only_meaning, ["a lovely film"], [0], budget)
    assert found.text == "a superb film"
    (plain,) = attack_texts(only_meaning, ["a lovely film"], [0])
    assert not plain.broken


@pytest.mark.parametrize("text", ["", "?!", "word"])
def test_texts_without_words_are_no_error(text: str) -> None:
    (found,) = attack_texts(predict, [text], [int(predict([text])[0].argmax())])
    assert found.queries >= 1


def test_a_text_already_answered_wrongly_costs_one_query() -> None:
    (found,) = attack_texts(predict, [GOOD[0]], [0])
    assert (found.broken, found.changed, found.queries) == (True, 0, 1)


@pytest.mark.parametrize("queries", [0, 1, 3])
def test_hardly_any_queries_are_no_error(queries: int) -> None:
    (found,) = attack_texts(predict, [GOOD[0]], [1], TextBudget(queries=queries))
    assert found.queries <= queries
    with pytest.raises(InputError, match="1 texts and 2 labels"):
        attack_texts(predict, [GOOD[0]], [1, 1])
