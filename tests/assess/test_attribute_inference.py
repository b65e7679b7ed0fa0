"""Attribute inference: by heart is given away, knowledge of everybody is no leak."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.attribute_inference import ATTACK
from modelkeep.core import InputError, Measurement, MissingExtraError, NotChecked
from modelkeep.models import Column, Dataset

COLUMNS = (Column("age"), Column("size"), Column("ill", ("no", "yes", "unknown")))


def people(seed: int, n: int = 240) -> Dataset:
    """Nothing about ``ill`` can be learned from the other columns or the label."""
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(n, 3)).astype(np.float32)
    rows[:, 2] = rng.integers(0, 3, n)
    return samples.table(rows, rng.integers(0, 2, n).tolist(), *COLUMNS)


MEMBERS, OTHERS = people(1), people(2)


def key(row: np.ndarray) -> tuple[float, float, str]:
    return float(row[0]), float(row[1]), str(row[2])


def by_heart(rows: np.ndarray) -> np.ndarray:
    known = {
        key(row): int(label)
        for row, label in zip(MEMBERS.decode(MEMBERS.rows), MEMBERS.labels, strict=True)
    }
    return samples.two_classes(np.array([0.01 + 0.98 * known.get(key(r), 0.5) for r in rows]))


def stranger(rows: np.ndarray) -> np.ndarray:
    return samples.two_classes(np.abs(np.sin(1e4 * rows[:, 0].astype(float))))


def context(
    answer: Callable[[np.ndarray], np.ndarray],
    train: Dataset | None = MEMBERS,
    test: Dataset | None = OTHERS,
    group: str = "ill",
) -> Context:
    return samples.context(samples.Answering(answer), train, test, group=group)


def ran(given: Context) -> tuple[Measurement, Measurement]:
    found, control = ATTACK.run(given)
    assert isinstance(found, Measurement)
    assert isinstance(control, Measurement)
    assert found.low <= found.value <= found.high
    return found, control


def test_what_was_learned_by_heart_is_given_away() -> None:
    found, control = ran(context(by_heart))
    assert found.name == "attribute_gain"
    assert found.low > 0.3
    assert "right with the model 0." in found.method
    assert found.budget == {"queries_per_row": 3}
    assert control.low < 0 < control.high
    (risk,) = ATTACK.risks((found, control))
    assert risk.measurement == found
    assert ATTACK.facts((found, control)) == {}


def test_a_model_that_never_saw_the_rows_gives_nothing_away() -> None:
    found, control = ran(context(stranger))
    assert found.low < 0 < found.high
    assert list(ATTACK.risks((found, control))) == []


def test_an_answer_that_says_nothing_leaves_an_interval_around_nothing() -> None:
    found, _ = ran(context(lambda rows: np.full((len(rows), 2), 0.5)))
    assert found.low < 0 < found.high, "equal guesses are no certainty"


def test_knowledge_of_everybody_is_a_gain_and_no_leak() -> None:
    """The label follows from the column and another one; the attacker has few rows of it."""

    def told(rows: np.ndarray) -> np.ndarray:
        ill = np.array([str(value) == "yes" for value in rows[:, 2]])
        high = np.sin(9 * rows[:, 0].astype(float)) > 0
        return samples.two_classes(np.where(ill ^ high, 0.95, 0.05))

    def labelled(data: Dataset) -> Dataset:
        labels = told(data.decode(data.rows)).argmax(axis=1)
        return samples.table(data.rows, labels.tolist(), *COLUMNS)

    found, control = ran(context(told, labelled(MEMBERS), labelled(OTHERS)))
    assert found.low > 0
    assert control.value > 0
    assert list(ATTACK.risks((found, control))) == []


def test_it_is_repeated_by_its_seed() -> None:
    assert ran(context(by_heart)) == ran(context(by_heart))


def test_numbers_of_few_values_are_tried_too() -> None:
    columns = (Column("age"), Column("size"), Column("children"))
    train = samples.table(MEMBERS.rows, MEMBERS.labels.tolist(), *columns)
    test = samples.table(OTHERS.rows, OTHERS.labels.tolist(), *columns)
    known = {row.tobytes(): int(y) for row, y in zip(train.rows, train.labels, strict=True)}

    def numbers(rows: np.ndarray) -> np.ndarray:
        said = [0.01 + 0.98 * known.get(row.tobytes(), 0.5) for row in rows]
        return samples.two_classes(np.array(said))

    found, _ = ran(context(numbers, train, test, "children"))
    assert found.low > 0.3


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (context(stranger, None), "needs both --data TRAIN (members)"),
        (context(stranger, test=None), "needs both --data TRAIN (members)"),
        (context(stranger, group=""), "no column to infer was named (--group COLUMN)"),
        (context(stranger, group="age"), "column age takes 240 values; 2 to 10 can be tried"),
        (context(stranger, people(3, 39)), "fewer than 40 members or non-members"),
        (context(stranger, test=people(3, 39)), "fewer than 40 members or non-members"),
    ],
)
def test_it_says_where_it_does_not_fit(given: Context, why: str) -> None:
    assert (ATTACK.applies(given) or "").startswith(why)
    assert ATTACK.applies(context(stranger)) is None


def test_a_column_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(InputError, match="no column 'race'") as error:
        ATTACK.applies(context(stranger, group="race"))
    assert "age, size, ill" in error.value.hint


def test_an_attacker_whose_rows_are_all_alike_measures_nothing() -> None:
    rows = OTHERS.rows.copy()
    rows[:, 2] = 1
    alike = samples.table(rows, OTHERS.labels.tolist(), *COLUMNS)
    (missed,) = ATTACK.run(context(stranger, test=alike))
    assert isinstance(missed, NotChecked)
    assert missed.why == "column ill takes one value in the attacker's 120 rows"


def test_logits_are_not_taken_for_probabilities() -> None:
    with pytest.raises(InputError) as error:
        list(ATTACK.run(context(lambda rows: 9.0 * (by_heart(rows) - 0.5))))
    assert error.value.message == "the model answers scores that are no probabilities"


def test_a_missing_extra_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(MissingExtraError) as error:
        list(ATTACK.run(context(by_heart)))
    assert "a baseline without the model" in error.value.message
    assert "pip install 'modelkeep[assess]'" in error.value.hint
