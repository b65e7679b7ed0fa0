"""Groups that are attacked more easily are found; chance and small groups are not."""

from __future__ import annotations

import numpy as np

from model_samples import Answering, context, table, two_classes
from modelkeep.assess import assess_model, evasion_search, fairness_evasion
from modelkeep.core import Measurement
from modelkeep.models import Column, Dataset

COLUMNS = (Column("x"), Column("sex", ("f", "m")))


def people(near: float, *, women: int = 150, seed: int = 0) -> Dataset:
    """Rows of two classes around 0.5; a share ``near`` of women's lie close to it."""
    rng = np.random.default_rng(seed)
    sex = np.repeat([0, 1], [women, 300 - women])
    truth = rng.integers(0, 2, 300)
    close = (sex == 0) & (rng.random(300) < near)
    distance = np.where(close, 0.01, 0.4)
    rows = np.column_stack([0.5 + (2 * truth - 1) * distance, sex])
    return table(rows, truth.tolist(), *COLUMNS)


MODEL = Answering(lambda rows: two_classes((rows[:, 0].astype(float) > 0.5).astype(float)))


def results(data: Dataset) -> dict[str, Measurement]:
    given = context(MODEL, data, data, group="sex", epsilon_linf=0.05)
    found = assess_model(given, (evasion_search.ATTACK, fairness_evasion.ATTACK))
    return {m.name: m for m in found.measurements.get("fairness", ())}


def test_a_group_that_lies_near_the_border_is_attacked_more_easily() -> None:
    found = results(people(0.4))
    gap = found["attack_success_gap"]
    assert 0.25 < gap.low <= gap.value <= gap.high < 0.55
    assert found["attack_success[sex=m]"].value == 0.0
    (risk,) = fairness_evasion.risks(tuple(found.values()))
    assert "harden" in risk.mend


def test_groups_attacked_alike_show_no_gap() -> None:
    found = results(people(0.0))
    assert found["attack_success_gap"].value == 0
    assert not list(fairness_evasion.risks(tuple(found.values())))


def test_small_groups_are_named_and_left_out() -> None:
    data = people(0.0, women=5)
    given = context(MODEL, data, data, group="sex", epsilon_linf=0.05)
    found = assess_model(given, (evasion_search.ATTACK, fairness_evasion.ATTACK))
    said = [(missed.what, missed.why) for missed in found.not_checked]
    assert said == [
        ("attack_success of sex=f", "only 5 rows answered rightly"),
        ("attack_success by group", "fewer than two groups of 20 such rows"),
    ]


def test_it_says_what_is_missing() -> None:
    data = people(0.0)
    assert "--group" in (fairness_evasion.applies(context(MODEL, data, data)) or "")
    assert "--test" in (fairness_evasion.applies(context(MODEL, data, None)) or "")
    assert fairness_evasion.applies(context(MODEL, data, data, group="sex")) == (
        "no evasion attack left results in this run (it comes first)"
    )
