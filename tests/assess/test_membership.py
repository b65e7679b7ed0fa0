"""Membership inference: found where rows were learned by heart, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import model_samples as samples
from modelkeep.assess import Context, Recipe, built_in, from_user
from modelkeep.assess.interface import by_name
from modelkeep.assess.membership import ATTACK, roc
from modelkeep.core import InputError, Measurement
from modelkeep.models import Dataset

N = 200
AREAS = ("membership_auc_loss", "membership_auc_reference")


def drawn(seed: int, n: int = N) -> Dataset:
    """Rows whose labels are a coin toss, so that nothing but the rows can be learned."""
    labels = np.random.default_rng(seed).integers(0, 2, n)
    return samples.table(samples.normal(n, 3, seed=seed), labels)


MEMBERS, OTHERS = drawn(1), drawn(2)


def by_heart(rows: np.ndarray) -> np.ndarray:
    """A table of the training rows and their labels; of others it knows nothing."""
    known = {
        row.tobytes(): int(label)
        for row, label in zip(MEMBERS.rows, MEMBERS.labels, strict=True)
    }
    positive = [0.05 + 0.9 * known.get(row.tobytes(), 0.5) for row in rows]
    return samples.two_classes(np.array(positive))


def by_row(rows: np.ndarray) -> np.ndarray:
    """An answer of its own for every row, whoever was in the training data."""
    return samples.two_classes(np.abs(np.sin(1e4 * rows[:, 0].astype(float))))


def ran(answer: Callable[[np.ndarray], np.ndarray], **more: object) -> tuple[Measurement, ...]:
    context = samples.context(samples.Answering(answer), MEMBERS, OTHERS, **more)
    found = tuple(ATTACK.run(context))
    assert all(isinstance(outcome, Measurement) for outcome in found)
    return found


def area(measured: tuple[Measurement, ...], name: str) -> Measurement:
    found = by_name(measured, name)
    assert found is not None
    assert found.unit == "auc"
    return found


@pytest.mark.parametrize("name", AREAS)
def test_a_model_that_knows_its_rows_by_heart_gives_them_away(name: str) -> None:
    measured = ran(by_heart)
    found = area(measured, name)
    assert found.low > 0.99
    assert found.n == 2 * N
    assert measured[2].value == 1.0
    assert ATTACK.facts(measured)["membership_auc_low_ppm"] > 990_000
    (risk,) = ATTACK.risks(measured)
    assert risk.score > 0.98


@pytest.mark.parametrize("name", AREAS)
def test_a_model_that_never_saw_the_rows_gives_nobody_away(name: str) -> None:
    measured = ran(by_row)
    found = area(measured, name)
    assert found.low < 0.5 < found.high
    assert list(ATTACK.risks(measured)) == []
    assert measured[2].value < 0.05


def test_the_built_in_reference_gives_nobody_away_either() -> None:
    measured = ran(by_row, recipe=built_in(lambda: ("0", "1")))
    found = area(measured, "membership_auc_reference")
    assert found.low < 0.5 < found.high
    assert "built-in MLP" in found.method


def test_the_reference_takes_away_what_makes_rows_easy_for_everybody() -> None:
    """Members are easier than others here, but the model learned none of them by heart."""

    def easy_first(rows: np.ndarray) -> np.ndarray:
        right = 0.6 + 0.3 * np.isin(rows[:, 0], MEMBERS.rows[:, 0])
        truth = {
            row.tobytes(): int(label)
            for data in (MEMBERS, OTHERS)
            for row, label in zip(data.rows, data.labels, strict=True)
        }
        labels = np.array([truth[row.tobytes()] for row in rows])
        return samples.two_classes(np.where(labels == 1, right, 1 - right))

    measured = ran(easy_first, recipe=Recipe("as easy", lambda _data, _seed: easy_first))
    assert area(measured, "membership_auc_loss").value > 0.99
    assert area(measured, "membership_auc_reference").value == 0.5
    assert ATTACK.facts(measured)["membership_auc_low_ppm"] > 990_000, "the worse one counts"


class Spy:
    """A recipe that remembers what each reference was trained on and what it judged."""

    def __init__(self) -> None:
        self.seen: list[set[bytes]] = []
        self.judged: list[set[bytes]] = []
        self.seeds: list[int] = []

    def fit(self, data: Dataset, seed: int) -> Callable[[np.ndarray], np.ndarray]:
        self.seen.append({row.tobytes() for row in data.rows})
        self.judged.append(judged := set())
        self.seeds.append(seed)

        def predict(rows: np.ndarray) -> np.ndarray:
            judged.update(row.tobytes() for row in rows)
            return np.full((len(rows), 2), 0.5)

        return predict


def test_no_reference_judges_a_row_it_saw_and_every_row_is_judged_once() -> None:
    spy = Spy()
    ran(by_row, recipe=Recipe("spy", spy.fit), seed=7)
    members, others = ({row.tobytes() for row in data.rows} for data in (MEMBERS, OTHERS))
    assert len(spy.seen) == 2
    for seen, judged in zip(spy.seen, spy.judged, strict=True):
        assert not seen & judged
        assert len(seen & members) == len(seen & others) == N // 2
    assert spy.judged[0] | spy.judged[1] == members | others
    assert not spy.judged[0] & spy.judged[1]
    assert spy.seeds == [7, 8]


def test_equally_many_members_and_others_are_looked_at() -> None:
    spy = Spy()
    model = samples.Answering(by_row)
    context = samples.context(model, drawn(3, 300), drawn(4, 50), recipe=Recipe("spy", spy.fit))
    (first, *_) = ATTACK.run(context)
    assert isinstance(first, Measurement)
    assert first.n == 100


def test_it_is_repeated_by_its_seed() -> None:
    recipe = built_in(lambda: ("0", "1"))
    assert ran(by_row, recipe=recipe) == ran(by_row, recipe=recipe)
    assert ran(by_row, recipe=recipe) != ran(by_row, recipe=recipe, seed=1)


@pytest.mark.parametrize("count", [3, 60, 1000])
def test_the_curve_rises_from_threshold_to_threshold_up_to_everything(count: int) -> None:
    rng = np.random.default_rng(0)
    points = roc(rng.normal(1, 1, count).round(1), rng.normal(0, 1, count).round(1))
    assert points[-1] == (1.0, 1.0)
    assert len(points) <= 60
    for axis in (0, 1):
        values = [point[axis] for point in points]
        assert values == sorted(values)


def test_the_curve_is_that_of_the_thresholds() -> None:
    points = roc(np.array([3.0, 2.0]), np.array([2.0, 1.0]))
    assert points == ((0.0, 0.5), (0.5, 1.0), (1.0, 1.0))


def test_the_rate_is_read_where_at_most_one_in_a_hundred_is_accused_wrongly() -> None:
    """Half the members stand out; the others look like everybody."""
    lucky = {row.tobytes() for row in MEMBERS.rows[: N // 2]}

    def half(rows: np.ndarray) -> np.ndarray:
        known = np.array([row.tobytes() in lucky for row in rows])
        sure = by_heart(rows)
        return np.where(known[:, None], sure, 0.5 + 1e-3 * (by_row(rows) - 0.5))

    rate = ran(half)[2]
    assert rate.name == "membership_tpr_at_1pct_fpr"
    assert rate.value == pytest.approx(0.5, abs=0.03)
    assert rate.low < 0.5 < rate.high
    assert "200 non-members" in rate.note


def test_a_model_that_answers_everybody_alike_accuses_nobody() -> None:
    measured = ran(lambda rows: np.full((len(rows), 2), 0.5))
    assert [m.value for m in measured] == [0.5, 0.5, 0.0, 0.0]


@pytest.mark.parametrize(
    ("train", "test", "reason"),
    [
        (None, OTHERS, "--data"),
        (MEMBERS, None, "--test"),
        (drawn(5, 19), OTHERS, "fewer than 20"),
        (MEMBERS, drawn(5, 19), "fewer than 20"),
    ],
)
def test_it_needs_enough_members_and_others(
    train: Dataset | None, test: Dataset | None, reason: str
) -> None:
    model = samples.Answering(by_row)
    assert reason in (ATTACK.applies(samples.context(model, train, test)) or "")
    assert ATTACK.applies(samples.context(model, MEMBERS, OTHERS)) is None


def test_without_the_reference_nothing_is_proven() -> None:
    assert ATTACK.facts(ran(by_row)[:1]) == {}


def never_a_number(rows: np.ndarray) -> np.ndarray:
    return np.full((len(rows), 2), np.nan)


def one_class_too_few(rows: np.ndarray) -> np.ndarray:
    return np.ones((len(rows), 1))


@pytest.mark.parametrize("reference", [never_a_number, one_class_too_few])
def test_a_reference_without_an_answer_for_every_class_is_refused(
    reference: Callable[[np.ndarray], np.ndarray],
) -> None:
    recipe = Recipe("sample", lambda _data, _seed: reference)
    context: Context = samples.context(
        samples.Answering(by_row), MEMBERS, OTHERS, recipe=recipe
    )
    outcomes = ATTACK.run(context)
    assert isinstance(next(outcomes), Measurement), "the loss needs no reference"
    with pytest.raises(InputError):
        next(outcomes)


class NamesItsClasses:
    """Sure of the right class, in the order of ``classes_``: scikit-learn's, sorted as text."""

    classes_ = np.array(sorted(str(number) for number in range(11)))

    def predict_proba(self, rows: np.ndarray) -> np.ndarray:
        named = rows[:, :1].astype(int).astype(str)
        return np.where(named == self.classes_, 0.9, 0.01)


def test_a_reference_that_names_its_classes_is_read_by_their_names() -> None:
    """Model and reference are equally sure of every row, so nothing is given away."""

    def as_sure(rows: np.ndarray) -> np.ndarray:
        return np.where(rows[:, :1] == np.arange(11), 0.9, 0.01)

    ones, twos = (samples.table(np.full((40, 1), label), [label] * 40) for label in (1, 2))
    model = samples.Answering(as_sure, classes=tuple(str(number) for number in range(11)))
    recipe = from_user("nets:fit", lambda _data, _seed: NamesItsClasses())
    measured = tuple(ATTACK.run(samples.context(model, ones, twos, recipe=recipe)))
    assert [outcome.value for outcome in measured if isinstance(outcome, Measurement)] == [
        0.5,
        0.5,
        0.0,
        0.0,
    ]
