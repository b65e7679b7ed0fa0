"""Evasion with gradients: inside the box, better than chance, and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.evasion_gradient import ATTACK, search
from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.threat import Threat
from modelkeep.assess.white_box import counting_passes
from modelkeep.core import Measurement
from modelkeep.models.torch_module import TorchModel

ROWS = samples.normal(200, 8)
TRUTH = (np.prod(np.sign(ROWS[:, :2]), axis=1) > 0).astype(int)  # not linear


@pytest.fixture(scope="module")
def network() -> TorchModel:
    """A network that has learned the product of two signs."""
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(8, 32), torch.nn.ReLU(), torch.nn.Linear(32, 2)
    )
    optimizer = torch.optim.Adam(module.parameters(), 0.02)
    for _ in range(150):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(
            module(torch.from_numpy(ROWS)), torch.from_numpy(TRUTH)
        )
        loss.backward()
        optimizer.step()
    return TorchModel(module)


def context(model: object, **more: object) -> Context:
    data = samples.table(ROWS, TRUTH)
    return samples.context(model, data, data, **more)


def problem(step: float = 0.15, seed: int = 0) -> Problem:
    threat, scale = Threat("linf", step), np.ones(8)
    return Problem(
        ROWS, TRUTH, ROWS - np.float32(step), ROWS + np.float32(step), seed, threat, scale
    )


def broken(model: TorchModel, points: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(points).argmax(axis=1) != TRUTH)


def test_points_stay_in_the_box_and_break_far_more_than_noise(network: TorchModel) -> None:
    given = problem()
    found, work = search(context(network), given)
    assert ((found >= given.low) & (found <= given.high)).all()
    rng = np.random.default_rng(0)
    noise = np.zeros(len(ROWS), dtype=bool)
    for _ in range(work["passes"] // len(ROWS)):  # noise gets as many tries
        noise |= broken(network, rng.uniform(given.low, given.high).astype(np.float32))
    before = broken(network, ROWS).sum()
    assert broken(network, found).sum() - before > 1.2 * (noise.sum() - before) > 0


def test_the_same_seed_finds_the_same_points_and_leaves_global_randomness_alone(
    network: TorchModel,
) -> None:
    state = torch.get_rng_state()
    once, _ = search(context(network), problem())
    again, _ = search(context(network), problem())
    other, _ = search(context(network), problem(seed=1))
    assert (once == again).all()
    assert (once != other).any()
    assert torch.equal(torch.get_rng_state(), state)


def test_more_budget_is_more_work(network: TorchModel) -> None:
    _, quick = search(context(network), problem(0.1))
    _, standard = search(context(network, budget="standard"), problem(0.1))
    assert quick["passes"] < standard["passes"]


def test_it_stops_when_what_is_left_is_out_of_reach(network: TorchModel) -> None:
    """In so small a ball the network is linear: the first climbs have found all there is."""
    _, work = search(context(network, budget="thorough"), problem(0.01))
    assert work["passes"] < 50 * len(ROWS), "the whole schedule takes over a thousand per row"


def test_passes_are_those_that_a_hook_counts(network: TorchModel) -> None:
    with counting_passes(network.module) as passes:
        _, work = search(context(network), problem(0.1))
    assert work["passes"] == passes.total
    assert passes.forward > passes.backward > 0


def test_rows_that_still_stand_were_pushed_to_the_worst_corner_of_a_linear_model() -> None:
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    rows = samples.normal(5, 1, 2, 2)
    model, step, scale = TorchModel(module), 1e-4, np.ones((1, 2, 2))
    truth = model.predict(rows).argmax(axis=1)
    given = Problem(rows, truth, rows - step, rows + step, 0, Threat("linf", step), scale)
    found, _ = search(context(model), given)
    weight = module[1].weight.detach().numpy()
    toward = np.sign(weight[1 - truth] - weight[truth]).reshape(5, 1, 2, 2)
    assert found == pytest.approx(rows + step * toward, abs=1e-6)


def test_it_measures_what_it_says_and_attacks_from_inside(network: TorchModel) -> None:
    clean, robust = ATTACK.run(context(network, max_rows=50))
    assert isinstance(clean, Measurement)
    assert isinstance(robust, Measurement)
    assert (robust.n, robust.attacker.knowledge) == (50, "white box")
    assert robust.value < clean.value


def test_it_needs_test_rows_and_a_gradient(network: TorchModel) -> None:
    assert ATTACK.applies(context(network)) is None
    data = samples.table(ROWS, TRUTH)
    assert "--test" in (ATTACK.applies(samples.context(network, data, None)) or "")
    assert "no gradient" in (ATTACK.applies(context(samples.Answering(abs))) or "")
