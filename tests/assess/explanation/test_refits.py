from __future__ import annotations

import numpy as np
import pytest
import torch

from model_samples import Answering, context, linear, normal, table, two_classes
from modelkeep.assess import Recipe
from modelkeep.assess.explanation.refits import COUNTS, can_learn, refits
from modelkeep.core import InputError
from modelkeep.models.torch_module import TorchModel

ROWS = normal(300, 3)
DATA = table(ROWS, (ROWS[:, 0] + 0.3 * ROWS[:, 1] > 0).astype(int).tolist())


def test_a_network_is_trained_anew_and_the_old_one_stays() -> None:
    model = linear([1.0, 0.3, 0.0])
    kept = model.module.weight.clone()
    found = list(refits(context(model, DATA, DATA)))
    assert len(found) == COUNTS["quick"]
    assert torch.equal(model.module.weight, kept)
    answers = [refit.model.predict(DATA.rows).argmax(axis=1) for refit in found]
    truth = DATA.labels.astype(int)
    assert all((answer == truth).mean() > 0.9 for answer in answers)
    weights = [refit.model.module.weight.flatten().tolist() for refit in found]  # type: ignore[attr-defined]
    assert len({tuple(each) for each in weights}) == len(found)
    assert "epochs on 300 rows" in found[0].how


def test_any_other_model_is_trained_by_its_recipe() -> None:
    seeds: list[int] = []

    def fit(_data: object, seed: int) -> object:
        seeds.append(seed)
        return lambda rows: two_classes(np.full(len(rows), 0.5))

    model = Answering(lambda rows: two_classes(rows[:, 0] > 0))
    given = context(model, DATA, DATA, recipe=Recipe("mine", fit))  # type: ignore[arg-type]
    found = list(refits(given))
    assert seeds == [1, 2, 3, 4, 5]
    assert {refit.how for refit in found} == {"mine"}
    assert found[0].model.predict(DATA.rows).shape == (300, 2)


def test_weights_that_are_vectors_alone_cannot_be_drawn_anew() -> None:
    assert can_learn(linear([1.0, 1.0]))
    assert not can_learn(TorchModel(torch.nn.ReLU()))
    assert not can_learn(Answering(lambda rows: two_classes(rows[:, 0])))


def test_no_rows_and_rows_that_blow_up_are_errors_with_a_hint() -> None:
    with pytest.raises(InputError, match="no data data was given") as error:
        list(refits(context(linear([1.0, 1.0, 1.0]), None, DATA)))
    assert error.value.hint == "Add --data FILE."
    huge = table(np.full((300, 3), 3e38), DATA.labels.tolist())
    model = TorchModel(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)))
    with pytest.raises(InputError, match="training diverged") as error:
        list(refits(context(model, huge, huge)))
    assert error.value.hint == "Scale the inputs of the model."
