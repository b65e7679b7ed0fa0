"""The geometry of each norm, and the engine against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import model_samples as samples
from modelkeep.assess.robust_accuracy import Problem
from modelkeep.assess.threat import NORMS, Norm, Threat
from modelkeep.assess.white_box import counting_passes, search
from modelkeep.assess.white_box.geometry import Box
from modelkeep.assess.white_box.search import GEOMETRIES
from modelkeep.models.torch_module import TorchModel

ORDER = {"linf": np.inf, "l2": 2, "l1": 1}
WEIGHTS = np.array([1.5, -1.0, 0.7, -0.4, 0.2, 0.0])
FEATURES = len(WEIGHTS)
BUDGETS = ("quick", "standard", "thorough")


def drawn(seed: int, n: int = 6) -> tuple[Box, torch.Tensor]:
    """A box that holds the origin, some of its sides shut, and points anywhere."""
    random = torch.Generator().manual_seed(seed)
    low, high = (torch.rand((n, 12), generator=random).sub(0.3).clamp_min(0) for _ in range(2))
    return Box(-low, high), 4 * torch.randn((n, 12), generator=random)


def inside(moved: torch.Tensor, box: Box, norm: Norm) -> bool:
    length = np.linalg.norm(moved.numpy().astype(float), ORDER[norm], axis=1)
    within = (moved >= box.low - 1e-6) & (moved <= box.high + 1e-6)
    return bool(within.all()) and bool((length <= 1 + 1e-5).all())


@pytest.mark.parametrize("norm", NORMS)
@given(seed=st.integers(0, 10_000), size=st.floats(0.01, 2))
@settings(max_examples=40, deadline=None)
def test_steps_starts_and_projections_stay_in_ball_and_box(
    norm: Norm, seed: int, size: float
) -> None:
    box, points = drawn(seed)
    geometry = GEOMETRIES[norm]
    start = geometry.scatter(box, torch.Generator().manual_seed(seed))
    assert inside(start, box, norm)
    assert inside(geometry.step(start, points, size, box), box, norm)
    assert inside(geometry.project(points, box), box, norm)


@pytest.mark.parametrize("norm", ["l2", "l1"])
@given(seed=st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_no_allowed_point_is_nearer_than_the_projection(norm: Norm, seed: int) -> None:
    box, points = drawn(seed)
    geometry = GEOMETRIES[norm]
    nearest = (geometry.project(points, box) - points).norm(dim=1)
    others = geometry.scatter(box, torch.Generator().manual_seed(seed + 1))
    for share in (0.0, 0.5, 0.9):  # towards points that are allowed, too
        allowed = share * geometry.project(points, box) + (1 - share) * others
        assert (nearest <= (allowed - points).norm(dim=1) + 1e-4).all()


def worst_margin(rows: np.ndarray, radius: float, norm: Norm) -> np.ndarray:
    """How far the linear model's logit can be pushed down where no box is in the way."""
    dual = {"linf": 1, "l2": 2, "l1": np.inf}[norm]
    return np.abs(rows @ WEIGHTS) - radius * np.linalg.norm(WEIGHTS, dual)


@pytest.mark.parametrize("norm", NORMS)
def test_it_breaks_just_the_rows_of_a_linear_model_that_can_be_broken(norm: Norm) -> None:
    rows = samples.normal(300, FEATURES)
    model, truth = samples.linear(list(WEIGHTS)), (rows @ WEIGHTS > 0).astype(int)
    radius = {"linf": 0.1, "l2": 0.3, "l1": 0.4}[norm]
    wide = np.full_like(rows, 10)
    given_problem = Problem(
        rows, truth, rows - wide, rows + wide, 0, Threat(norm, radius), np.ones(FEATURES)
    )
    data = samples.table(rows, truth)
    if norm == "linf":
        given_problem.low, given_problem.high = rows - radius, rows + radius
    changed, _ = search(samples.context(model, data, data), given_problem)
    assert (np.linalg.norm(changed - rows, ORDER[norm], axis=1) <= radius * 1.0001).all()
    broken = model.predict(changed).argmax(axis=1) != truth
    margin = worst_margin(rows, radius, norm)
    sure = np.abs(margin) > 1e-3 * radius
    assert (broken == (margin < 0))[sure].all()
    assert broken.any()
    assert not broken.all()


def test_a_fixed_feature_is_never_moved() -> None:
    rows = samples.normal(40, FEATURES)
    truth = (rows @ WEIGHTS > 0).astype(int)
    scale = np.array([0.0, 1, 1, 1, 1, 1])
    data = samples.table(rows, truth)
    for norm in NORMS:
        low, high = rows - 0.3 * scale, rows + 0.3 * scale
        given_problem = Problem(
            rows, truth, low.astype("f4"), high.astype("f4"), 0, Threat(norm, 0.3), scale
        )
        changed, _ = search(
            samples.context(samples.linear(list(WEIGHTS)), data, data), given_problem
        )
        assert (changed[:, 0] == rows[:, 0]).all()
        assert (changed != rows).any()


def test_a_larger_budget_leaves_no_more_standing_and_a_seed_decides_everything() -> None:
    torch.manual_seed(0)
    module = torch.nn.Sequential(
        torch.nn.Linear(20, 40), torch.nn.ReLU(), torch.nn.Linear(40, 5)
    ).eval()
    model, rows = TorchModel(module), samples.normal(300, 20)
    truth = model.predict(rows).argmax(axis=1)
    data = samples.table(rows, truth)
    given_problem = Problem(
        rows, truth, rows - 0.15, rows + 0.15, 0, Threat("linf", 0.15), np.ones(20)
    )
    standing, spent = [], []
    for budget in BUDGETS:
        context = samples.context(model, data, data, budget=budget)
        changed, work = search(context, given_problem)
        again, _ = search(context, given_problem)
        assert (changed == again).all()
        standing.append(int((model.predict(changed).argmax(axis=1) == truth).sum()))
        spent.append(work["passes"])
    assert 0 < standing[2] <= standing[1] <= standing[0] < len(rows)
    assert spent == sorted(spent)


def test_passes_are_counted_whoever_drives_the_network() -> None:
    module = torch.nn.Linear(3, 2)
    with counting_passes(module) as outer, counting_passes(module) as inner:
        points = torch.ones(5, 3, requires_grad=True)
        torch.autograd.grad(module(points).sum(), points)
        module(points[:2])
    module(torch.ones(9, 3))
    assert (inner.forward, inner.backward, inner.total) == (7, 5, 12)
    assert outer.total == inner.total


def test_parameters_are_frozen_and_a_row_of_any_rank_is_attacked() -> None:
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(8, 3))
    rows = samples.normal(4, 2, 2, 2)
    truth = np.zeros(4, int)
    data = samples.table(rows.reshape(4, 8), truth)
    given_problem = Problem(
        rows, truth, rows - 1, rows + 1, 0, Threat("l2", 1), np.ones((2, 2, 2))
    )
    changed, work = search(samples.context(TorchModel(module), data, data), given_problem)
    assert changed.shape == rows.shape
    assert work["passes"] > 0
    assert not any(parameter.requires_grad for parameter in module.parameters())


def test_in_l1_places_outside_the_asked_ball_are_looked_at_but_never_count() -> None:
    """The climb begins in a ball three times as large; there every row below is broken."""
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(FEATURES, 2, bias=False))
    with torch.no_grad():
        module[1].weight.copy_(
            torch.stack([0 * torch.from_numpy(WEIGHTS), -torch.from_numpy(WEIGHTS)])
        )
    rows = (WEIGHTS[None] / np.square(WEIGHTS).sum()).astype(np.float32).repeat(4, 0)
    radius = 0.5 / np.abs(WEIGHTS).max()  # half of what breaks a row of margin 1
    seen: list[float] = []
    module.register_forward_pre_hook(
        lambda _, given: seen.append(
            float((given[0].detach() - torch.from_numpy(rows[0])).abs().sum(1).max())
        )
    )
    low, high = rows - 9, rows + 9
    given = Problem(
        rows, np.zeros(4, int), low, high, 0, Threat("l1", radius), np.ones(FEATURES)
    )
    found, _ = search(samples.context(TorchModel(module), None, None), given)
    assert max(seen) > 2 * radius
    assert (np.abs(found - rows).sum(axis=1) <= radius * (1 + 1e-5)).all()
    assert found @ WEIGHTS == pytest.approx(0.5, abs=1e-4)
