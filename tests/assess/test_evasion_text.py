"""Texts: what breaks a bag of words is found, asked about again, and within the budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import model_samples as samples
from modelkeep.assess import BUILT_IN, assess_model, evasion_text
from modelkeep.assess.evasion_text import ATTACK, is_similar
from modelkeep.assess.interface import by_name
from modelkeep.assess.text import AttackedText, TextBudget
from modelkeep.core import Measurement, NotChecked
from modelkeep.models import Dataset, EndpointLostError

GOOD = ["lovely film with the cast", "the long and lovely story", "what a lovely evening"]
BAD = [text.replace("lovely", "dreadful") for text in GOOD]  # one word tells them apart
PIPELINE = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10))
PIPELINE.fit(GOOD * 4 + BAD * 4, ["good"] * 12 + ["bad"] * 12)


def texts(rows: Sequence[str] = (*GOOD, *BAD), labels: Sequence[str] = ()) -> Dataset:
    names = labels or ("good",) * 3 + ("bad",) * 3
    return Dataset(
        samples.ANY_SUBJECT, np.array(rows, dtype=object), np.array(names), kind="text"
    )


@dataclass
class Reading:
    """A model of texts that counts what it is asked."""

    most: int = 10**9
    asked: int = 0
    classes: tuple[str, ...] = ("bad", "good")
    kind: str = "sample"
    spec: object = None

    def predict(self, rows: np.ndarray) -> np.ndarray:
        self.asked += len(rows)
        assert self.asked <= self.most
        return np.asarray(PIPELINE.predict_proba(list(rows)))


@dataclass
class Counted(Reading):
    """The same with a budget."""

    @property
    def left(self) -> int:
        return self.most - self.asked


def ran(model: object, data: Dataset | None = None, **more: object) -> tuple[Measurement, ...]:
    given = samples.context(model, None, data or texts(), **more)
    return tuple(m for m in ATTACK.run(given) if isinstance(m, Measurement))


def test_a_bag_of_words_is_broken_and_the_budget_is_said() -> None:
    measured = ran(Reading())
    clean, robust = by_name(measured, "clean_accuracy"), by_name(measured, "robust_accuracy")
    assert clean is not None
    assert robust is not None
    assert clean.value == 1.0
    assert robust.value <= 0.5
    assert "20% of the words, one at least, 2 character edits a word" in robust.note
    assert 0 < robust.budget["queries"] <= 200
    assert robust.attacker is not None
    assert robust.attacker.knowledge == "black box"
    assert ran(Reading()) == measured, "it repeats itself"


def test_a_model_that_does_not_look_stands() -> None:
    always = samples.Answering(lambda rows: samples.two_classes(np.ones(len(rows))))
    robust = by_name(ran(always, texts(labels=("1",) * 6)), "robust_accuracy")
    assert robust is not None
    assert robust.value == 1.0


@pytest.mark.parametrize(
    "found",
    [
        AttackedText(BAD[0], broken=True, changed=1, queries=3),  # wrong, and far away
        AttackedText(GOOD[0] + ".", broken=True, changed=1, queries=3),  # near, and right
    ],
)
def test_what_does_not_hold_when_looked_at_again_does_not_count(
    found: AttackedText, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evasion_text, "attack_texts", lambda *_: [found])
    robust = by_name(ran(Reading(), texts(GOOD[:1], ("good",))), "robust_accuracy")
    assert robust is not None
    assert robust.value == 1.0
    assert "1 found texts did not hold" in robust.note


def test_similarity_is_measured_in_characters_of_the_words_allowed() -> None:
    budget = TextBudget(words=0.2, edits=1)
    assert is_similar("one two three four five", "one two three fuor five", budget)
    assert not is_similar("one two three four five", "one owt three fuor five", budget)


@pytest.mark.parametrize("most", [50, 130, 400])
def test_a_budget_of_queries_is_kept_whatever_it_is(most: int) -> None:
    model = Counted(most)
    robust = by_name(ran(model), "robust_accuracy")
    assert robust is not None
    assert robust.n == min(6, most // 50)
    assert model.asked <= most
    with pytest.raises(EndpointLostError, match="attacking one text takes 50"):
        ran(Counted(49))


def test_it_is_for_texts_and_the_other_attacks_are_not() -> None:
    given = samples.context(Reading(), None, texts())
    assert [a.id for a in BUILT_IN if a.why_not(given) is None] == ["PER001", "EVA006"]
    table = samples.context(Reading(), None, samples.table(samples.normal(4, 2), [0, 1, 0, 1]))
    assert "kind tabular" in (ATTACK.why_not(table) or "")
    assert "--test" in (ATTACK.why_not(samples.context(Reading(), None, None)) or "")
    result = assess_model(given, BUILT_IN)
    assert result.ran == ("PER001", "EVA006")
    assert result.facts["evasion"] == {"clean_accuracy_ppm": 1_000_000}
    assert (
        NotChecked("extraction", "it is not made for rows of kind text") in result.not_checked
    )
    one = list(ATTACK.run(samples.context(Reading(), None, texts(GOOD, ("good",) * 3))))
    assert any(isinstance(m, NotChecked) and "one class" in m.why for m in one)
