"""Stickers: they mislead a network that looks at pixels, and not one that needs none."""

from __future__ import annotations

import numpy as np
import torch

import digit_networks
import model_samples as samples
from modelkeep.assess.interface import by_name
from modelkeep.assess.patch import ATTACK, place, printable
from modelkeep.core import Measurement, NotChecked
from modelkeep.models.torch_module import TorchModel

PICTURES = torch.rand((20, 3, 24, 24), generator=torch.Generator().manual_seed(0))


def measured(model: TorchModel) -> tuple[Measurement, ...]:
    context = samples.context(model, None, digit_networks.data())
    return tuple(m for m in ATTACK.run(context) if isinstance(m, Measurement))


def test_a_sticker_misleads_more_than_it_covers() -> None:
    found = measured(digit_networks.network(planted=False))
    made, blank = (
        by_name(found, "patch_robust_accuracy"),
        by_name(found, "blank_patch_accuracy"),
    )
    assert made is not None
    assert blank is not None
    assert made.value < blank.value
    assert made.attacker is not None
    assert made.attacker.knowledge == "white box"
    assert np.array(made.picture).shape == (16, 16)
    assert found == measured(digit_networks.network(planted=False)), "by its seed"


def test_it_covers_its_share_at_places_of_its_own_in_colours_that_print() -> None:
    rng = torch.Generator().manual_seed(0)
    sticker = printable(torch.randn((3, 16, 16), generator=rng) * 100)
    assert 0.0999 < float(sticker.min()) <= float(sticker.max()) < 0.9001
    placed = place(sticker, PICTURES, 0.06, rng)
    changed = (placed != PICTURES).any(1)
    assert placed.shape == PICTURES.shape
    assert 0 <= float(placed.min()) <= float(placed.max()) <= 1
    assert 0.03 < float(changed.float().mean()) < 0.1
    assert len({tuple(one.flatten().tolist()) for one in changed}) == len(PICTURES)


def test_gradients_reach_the_sticker() -> None:
    raw = torch.zeros((3, 16, 16), requires_grad=True)
    rng = torch.Generator().manual_seed(0)
    place(printable(raw), PICTURES, 0.06, rng).sum().backward()
    assert raw.grad is not None
    assert float(raw.grad.abs().max()) > 0


def test_it_needs_pictures_that_are_answered_rightly() -> None:
    table = samples.table(samples.normal(40, 4), [0, 1] * 20)
    assert ATTACK.applies(samples.context(samples.linear([1, 0, 0, 0]), None, table))

    class Wrong(torch.nn.Module):
        def forward(self, rows: torch.Tensor) -> torch.Tensor:
            body = digit_networks.network(planted=False).module
            logits: torch.Tensor = body(rows)
            return logits.roll(1, 1)

    context = samples.context(TorchModel(Wrong()), None, digit_networks.data())
    (outcome,) = ATTACK.run(context)
    assert isinstance(outcome, NotChecked)
