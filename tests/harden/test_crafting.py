from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from harden_samples import rows
from modelkeep.harden.crafting import climb, evaluating, misclassified, random_start
from modelkeep.harden.neighbourhood import neighbourhood


def net() -> torch.nn.Module:
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(9, 2), torch.nn.Dropout(0.5))


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**31), steps=st.integers(1, 8))
def test_crafted_rows_stay_in_the_box(seed: int, steps: int) -> None:
    data = rows(64)
    around = neighbourhood(data, 0.1)
    inputs = torch.from_numpy(data.rows)
    truth = torch.from_numpy(data.labels.astype("int64"))
    generator = torch.Generator().manual_seed(seed)
    moved = climb(net(), inputs, around, misclassified(truth), generator, steps=steps)
    low, high = around.box(inputs)
    assert bool((moved >= low).all())
    assert bool((moved <= high).all())


def test_more_steps_raise_the_loss_more_and_any_step_raises_it() -> None:
    data = rows(128)
    around = neighbourhood(data, 0.1)
    inputs = torch.from_numpy(data.rows)
    truth = torch.from_numpy(data.labels.astype("int64"))
    torch.manual_seed(1)
    module = torch.nn.Sequential(
        torch.nn.Linear(9, 32), torch.nn.Tanh(), torch.nn.Linear(32, 2)
    ).eval()
    raised = misclassified(truth)
    losses = [raised(module(inputs)).item()]
    for steps in (1, 10):
        generator = torch.Generator().manual_seed(0)
        moved = climb(module, inputs, around, raised, generator, steps=steps)
        losses.append(raised(module(moved)).item())
    assert losses[0] < losses[1] < losses[2]


def test_starts_lie_all_over_the_box() -> None:
    data = rows(256)
    around = neighbourhood(data, 0.1)
    inputs = torch.from_numpy(data.rows)
    low, high = around.box(inputs)
    share = (random_start(inputs, around, torch.Generator().manual_seed(0)) - low) / (
        high - low
    )
    assert 0.45 < float(share.mean()) < 0.55
    assert float(share.min()) < 0.01
    assert float(share.max()) > 0.99


def test_a_module_comes_back_in_the_mode_it_was_in() -> None:
    module = net().train()
    with evaluating(module):
        assert not module.training
    assert module.training
    module.eval()
    with evaluating(module):
        pass
    assert not module.training
