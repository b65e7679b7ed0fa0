"""Evasion with gradients: inside the box, better than chance, and repeatable."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import model_samples as samples
from modelkeep.assess import Context
from modelkeep.assess.evasion_gradient import ATTACK, search
from modelkeep.assess.robust_accuracy import Problem
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
    return Problem(ROWS, TRUTH, ROWS - np.float32(step), ROWS + np.float32(step), seed)


def broken(model: TorchModel, points: np.ndarray) -> np.ndarray:
    return np.asarray(model.predict(points).argmax(axis=1) != TRUTH)


def test_points_stay_in_the_box_and_break_far_more_than_noise(network: TorchModel) -> None:
    given = problem()
    found, work = search(context(network), given)
    assert ((found >= given.low) & (found <= given.high)).all()
    rng = np.random.default_rng(0)
    noise = np.zeros(len(ROWS), dtype=bool)
    for _ in range(work["passes"]):  # noise gets as many tries
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
    _, quick = search(context(network), problem(0.01))
    _, standard = search(context(network, budget="standard"), problem(0.01))
    assert standard["passes"] > 5 * quick["passes"]


def test_it_works_on_images() -> None:
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    rows = samples.normal(5, 1, 2, 2)
    given = Problem(rows, np.zeros(5, int), rows - 1, rows + 1, 0)
    found, _ = search(context(TorchModel(module)), given)
    weight = module[1].weight.detach().numpy()
    corner = np.sign(weight[1] - weight[0]).reshape(1, 2, 2)
    assert found == pytest.approx(rows + corner, abs=1e-5)


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
