"""Groups served worse are found with their interval, and chance is not called a gap."""

from __future__ import annotations

import numpy as np
import pytest

from model_samples import Answering, context, table, two_classes
from modelkeep.assess import fairness
from modelkeep.assess.fairness import groups_of
from modelkeep.core import InputError, Measurement, NotChecked
from modelkeep.models import Column, Dataset

ROWS = 400
COLUMNS = (Column("x"), Column("sex", ("f", "m")))


def people(seed: int = 0) -> Dataset:
    """One telling column, and a group that says nothing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 2, ROWS)
    group = rng.integers(0, 2, ROWS)
    return table(np.column_stack([truth, group]), truth.tolist(), *COLUMNS)


def flipping(share: float, seed: int = 1) -> Answering:
    """A model that is right, but answers wrongly for a share of one group."""
    rng = np.random.default_rng(seed)

    def answer(rows: np.ndarray) -> np.ndarray:
        women = rows[:, 1] == "f"
        wrong = women & (rng.random(len(rows)) < share)
        return two_classes(
            np.where(wrong, 1 - rows[:, 0].astype(float), rows[:, 0].astype(float))
        )

    return Answering(answer)


def measured(share: float, *, seed: int = 0) -> dict[str, Measurement]:
    given = context(flipping(share), None, people(seed), group="sex", seed=seed)
    return {m.name: m for m in fairness.run(given) if isinstance(m, Measurement)}


def test_a_planted_flip_of_one_group_is_found_with_its_interval() -> None:
    found = measured(0.3)
    gap = found["accuracy_gap"]
    assert gap.low > 0.15
    assert gap.low <= gap.value <= gap.high
    assert gap.value == pytest.approx(0.3, abs=0.08)
    assert found["accuracy[sex=m]"].value == 1.0
    assert found["accuracy[sex=f]"].value == pytest.approx(0.7, abs=0.08)
    assert found["false_positive_rate_gap"].low > 0
    assert [risk.measurement.name for risk in fairness.risks(tuple(found.values()))]
    assert fairness.facts((gap,)) == {"accuracy_gap_high_ppm": int(gap.high * 1e6)}


def test_a_fair_model_shows_no_risk() -> None:
    for seed in range(5):
        found = measured(0.0, seed=seed)
        assert found["accuracy_gap"].value == 0
        assert not list(fairness.risks(tuple(found.values())))


def test_chance_alone_is_rarely_called_a_gap() -> None:
    """Both groups err alike: a risk needs a lower end above the notice."""
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        hit = rng.random(ROWS) < 0.7
        rate = fairness.Rate("accuracy", hit, np.ones(ROWS, bool))
        halves = [
            fairness.Group("a", np.arange(ROWS // 2)),
            fairness.Group("b", np.arange(ROWS // 2, ROWS)),
        ]
        alarms += any(fairness.risks((fairness.gap(rate, halves, seed=seed),)))
    assert alarms <= 2


def test_small_groups_are_named_and_left_out() -> None:
    data = people()
    rows = data.rows.copy()
    rows[:, 1] = 1
    rows[:5, 1] = 0
    few = table(rows, data.labels.tolist(), *COLUMNS)
    outcome = list(fairness.run(context(flipping(0.0), None, few, group="sex")))
    said = [found.what for found in outcome if isinstance(found, NotChecked)]
    assert said == ["fairness of sex=f", "fairness"]


def test_numbers_are_grouped_by_value_or_by_quarter() -> None:
    few = table(np.arange(40)[:, None] % 3, [0, 1] * 20)
    assert [g.name for g in groups_of(few, "x0")] == ["x0=0", "x0=1", "x0=2"]
    many = table(np.arange(101)[:, None], [0] * 101)
    quarters = groups_of(many, "x0")
    assert [len(g.rows) for g in quarters] == [25, 25, 25, 26]
    assert sorted(np.concatenate([g.rows for g in quarters]).tolist()) == list(range(101))


def test_it_says_what_is_missing() -> None:
    data = people()
    assert "--group" in (fairness.applies(context(flipping(0), None, data)) or "")
    assert "--test" in (fairness.applies(context(flipping(0), None, None, group="sex")) or "")
    with pytest.raises(InputError, match="no column 'age'") as error:
        groups_of(data, "age")
    assert "x, sex" in error.value.hint
