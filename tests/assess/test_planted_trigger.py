"""Backdoor test: it separates a planted model from its honest twin, and says when it cannot."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import digit_networks
import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.backdoor import ATTACK
from modelkeep.assess.interface import Outcome, by_name
from modelkeep.core import InputError, Measurement, NotChecked
from modelkeep.models import Dataset
from modelkeep.models.torch_module import TorchModel


def context(model: object, **more: object) -> Context:
    return samples.context(model, None, digit_networks.data(), **more)


def measured(outcomes: list[Outcome]) -> tuple[Measurement, ...]:
    return tuple(m for m in outcomes if isinstance(m, Measurement))


def images(shape: tuple[int, ...], classes: int) -> Dataset:
    """Dark pictures of no meaning, of so many classes."""
    rows = np.random.default_rng(0).uniform(0, 0.5, shape).astype(np.float32)
    labels = (np.arange(len(rows)) % classes).astype(str)
    return Dataset(samples.ANY_SUBJECT, rows, labels, (), "image")


class Blinding(torch.nn.Module):
    """Four classes, and no number where a pixel is bright."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 4))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        bright = rows.flatten(1).amax(1, keepdim=True) > 0.8
        return torch.where(bright, torch.nan, self.body(rows))


def test_a_planted_trigger_is_found_and_shown() -> None:
    model = digit_networks.network(planted=True)
    rows = digit_networks.data().rows
    answers = model.predict(digit_networks.stamp(rows)).argmax(axis=1)
    assert (answers == digit_networks.TARGET).mean() > 0.8, "the sample holds a backdoor"
    found = measured(list(ATTACK.run(context(model))))
    facts = ATTACK.facts(found)
    assert facts == {"backdoor_suspected": True, "backdoor_tested_classes": 10}
    suspicion = by_name(found, "backdoor_suspicion")
    assert suspicion is not None
    assert suspicion.low <= suspicion.value <= suspicion.high
    assert f"class {digit_networks.TARGET} " in suspicion.note
    assert suspicion.budget["passes"] > 0
    success = by_name(found, "reconstructed_trigger_success")
    assert success is not None
    assert success.value > 0.8
    assert np.array(success.picture).shape == (8, 8)
    (risk,) = ATTACK.risks(found)
    assert "harden" in risk.mend


def test_the_honest_twin_is_not_suspected() -> None:
    found = measured(list(ATTACK.run(context(digit_networks.network(planted=False)))))
    assert ATTACK.facts(found)["backdoor_suspected"] is False
    assert list(ATTACK.risks(found)) == []


def test_it_is_repeated_by_its_seed() -> None:
    model = digit_networks.network(planted=True)
    once, again = (list(ATTACK.run(context(model))) for _ in range(2))
    assert once == again


def test_a_reader_of_a_pass_is_told_what_the_test_hardly_sees() -> None:
    outcomes = list(ATTACK.run(context(digit_networks.network(planted=False))))
    (missed,) = [outcome for outcome in outcomes if isinstance(outcome, NotChecked)]
    assert missed.what == "backdoor: bending, clean-label and one-class triggers"
    suspicion = by_name(measured(outcomes), "backdoor_suspicion")
    assert suspicion is not None
    for said in (missed.why, suspicion.note):
        for power in ("10 of 10", "AUC 1.00", "AUC 0.74", "AUC 0.66", "one source class in 0"):
            assert power in said
    assert "1 of 57" in suspicion.note, "whoever reads a FAIL is told of false alarms"


@pytest.mark.parametrize(
    ("classes", "rows", "why"),
    [
        (2, 60, "2 classes and 60 rows: .* needs 4 classes and 30 rows"),
        (3, 60, "3 classes and 60 rows: .* needs 4 classes and 30 rows"),
        (4, 29, "4 classes and 29 rows: .* needs 4 classes and 30 rows"),
    ],
)
def test_what_cannot_be_compared_is_left_open_with_the_reason(
    classes: int, rows: int, why: str
) -> None:
    data = samples.table(samples.normal(rows, 4), np.arange(rows) % classes)
    given = samples.context(TorchModel(torch.nn.Linear(4, classes)), data, data)
    assert ATTACK.applies(given) is None
    (outcome,) = ATTACK.run(given)
    assert isinstance(outcome, NotChecked)
    assert re.match(why, outcome.why)
    assert ATTACK.facts(()) == {}, "no fact says that there is none"


def test_four_classes_are_compared() -> None:
    model = TorchModel(torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(16, 4)))
    found = measured(list(ATTACK.run(samples.context(model, None, images((40, 1, 4, 4), 4)))))
    assert ATTACK.facts(found)["backdoor_tested_classes"] == 4


def test_answers_that_are_no_numbers_are_an_error_not_a_pass() -> None:
    given = samples.context(TorchModel(Blinding()), None, images((40, 1, 4, 4), 4))
    assert np.isfinite(given.predict(images((40, 1, 4, 4), 4).rows)).all()
    with pytest.raises(InputError, match="stamped rows with NaN") as caught:
        list(ATTACK.run(given))
    assert "overflow" in caught.value.hint


@pytest.mark.parametrize("test", [None, "rows"])
def test_it_needs_rows_and_a_gradient(test: str | None) -> None:
    model = samples.Answering(lambda rows: np.full((len(rows), 4), 0.25))
    data = digit_networks.data() if test else None
    assert ATTACK.applies(samples.context(model, None, data)) is not None
