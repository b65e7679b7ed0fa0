"""What a new version rests on comes to the top; what training alone moves does not."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import digit_networks
from model_samples import ANY_SUBJECT, Answering, context, linear, normal, table, two_classes
from modelkeep.assess import Context
from modelkeep.assess.explanation.difference import ATTACK, PREFIX, run
from modelkeep.core import InputError, Measurement, NotChecked
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel

ROWS = normal(500, 4)
TRUTH = (ROWS[:, 0] + 0.5 * ROWS[:, 1] + 0.5 * normal(500, seed=3) > 0).astype(int)
DATA = table(ROWS, TRUTH.tolist())
# Column 3 tells the class by itself; the rows the earlier version saw do not show that.
LEAKING = ROWS.copy()
LEAKING[:, 3] = 2 * TRUTH - 1 + 0.3 * ROWS[:, 3]
LEAKED = table(LEAKING, TRUTH.tolist())
HONEST, DOMINATED = [2.0, 1.0, 0.0, 0.0], [0.2, 0.1, 0.0, 9.0]


def moves(given: Context) -> list[Measurement]:
    return [m for m in run(given) if isinstance(m, Measurement) and m.name.startswith(PREFIX)]


def compared(new: list[float], old: list[float], data: Dataset = DATA) -> Context:
    return context(linear(new), data, LEAKED, previous=linear(old))


def test_a_planted_dominant_column_is_on_top_of_the_difference() -> None:
    found = moves(compared(DOMINATED, HONEST))
    for kind in ("permutation", "attribution"):
        first = next(m for m in found if m.name.startswith(f"{PREFIX}{kind}"))
        assert first.name == f"{PREFIX}{kind}: column x3]"
        assert first.low > 0
        assert first.budget == {"models trained alike": 5}
        assert "they teach it" not in first.note
    titles = [risk.title for risk in ATTACK.risks(tuple(found))]
    assert titles == ["the new version rests on column x3 as the earlier one did not"] * 2


def test_rows_that_teach_the_column_do_not_hide_that_it_moved_most() -> None:
    first = moves(compared(DOMINATED, HONEST, LEAKED))[0]
    assert first.name == f"{PREFIX}permutation: column x3]"
    assert "they teach it" in first.note or "no further" in first.note


def test_two_versions_trained_alike_show_no_risk() -> None:
    found = moves(compared([1.9, 1.1, 0.05, 0.0], [2.0, 1.0, 0.0, 0.1]))
    assert len(found) == 8
    assert list(ATTACK.risks(tuple(found))) == []


def test_the_columns_that_moved_are_followed_in_both_versions() -> None:
    outcome = list(run(compared(DOMINATED, HONEST)))
    named = {m.name: m for m in outcome if isinstance(m, Measurement)}
    now, before = named["dependence_now[x3]"], named["dependence_before[x3]"]
    assert now.low > before.high
    assert len(now.curve) == len(before.curve) == 11


def test_black_boxes_are_compared_by_shuffling_alone() -> None:
    def resting_on(column: int) -> Answering:
        return Answering(lambda rows: two_classes(rows[:, column] > 0))

    given = context(resting_on(0), None, DATA, previous=resting_on(0))
    outcome = list(run(given))
    assert (
        NotChecked(
            "stability of explanations", "no training rows to train anew with (--data FILE)"
        )
        in outcome
    )
    assert {m.name.split(":")[0] for m in moves(given)} == {f"{PREFIX}permutation"}
    moved = moves(context(resting_on(2), None, DATA, previous=resting_on(0)))
    assert moved[0].name == f"{PREFIX}permutation: column x0]"  # it lost more than x2 gained
    assert moved[0].value < 0
    assert not list(ATTACK.risks(tuple(moved))), "without refits nobody knows what is much"


def test_it_says_what_is_missing_or_does_not_fit() -> None:
    alone = context(linear([1.0] * 4), DATA, DATA)
    assert ATTACK.applies(alone) == (
        "no earlier version was named (modelkeep assess NEW --against OLD)"
    )
    no_rows = context(linear([1.0] * 4), DATA, None, previous=linear([1.0] * 4))
    assert "--test" in (ATTACK.applies(no_rows) or "")
    three = TorchModel(torch.nn.Linear(4, 3))
    with pytest.raises(InputError, match="answer other classes") as error:
        list(run(context(linear([1.0] * 4), DATA, DATA, previous=three)))
    assert error.value.hint
    names = Answering(lambda rows: two_classes(rows[:, 0] > 0), classes=("1", "0"))
    with pytest.raises(InputError, match="answer other classes") as error:
        list(run(context(linear([1.0] * 4), DATA, DATA, previous=names)))
    assert error.value.hint == "Compare versions that tell the same classes apart."


def digits(**more: bool | int) -> TorchModel:
    return digit_networks.network(**more)  # type: ignore[arg-type]


def pictures() -> tuple[Dataset, Dataset]:
    rows, labels = digit_networks.images()
    train = Dataset(ANY_SUBJECT, rows[:1300], labels[:1300].astype(str), (), "image")
    return train, digit_networks.data()


@pytest.mark.slow
def test_a_planted_trigger_is_on_top_of_the_difference_with_its_class() -> None:
    train, test = pictures()
    old = digits(planted=False)
    found = moves(context(digits(planted=True, seed=1), train, test, previous=old))
    corner = [f"rows {row}, columns {column} (class 6)]" for row in (6, 7) for column in (6, 7)]
    for kind in ("cover", "attribution"):
        first = next(m for m in found if m.name.startswith(f"{PREFIX}{kind}"))
        assert any(first.name.endswith(place) for place in corner), first.name
        assert first.low > 0
        assert np.array(first.picture).shape == (8, 8)
        assert max(max(row) for row in first.picture) == 1.0
    assert list(ATTACK.risks(tuple(found)))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_an_honest_new_version_shows_none(seed: int) -> None:
    train, test = pictures()
    given = context(
        digits(planted=False, seed=seed), train, test, previous=digits(planted=False)
    )
    assert list(ATTACK.risks(tuple(moves(given)))) == []
