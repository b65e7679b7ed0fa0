from __future__ import annotations

import pytest
import torch
from torch import nn

from modelkeep.core import InputError
from modelkeep.harden.private import choose_way
from modelkeep.harden.private.choosing import WAYS
from modelkeep.harden.private.interface import Way
from private_samples import CLASSES, dense


class Centred(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(6, CLASSES)

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.layer(rows - rows.mean(0))


class Scaled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer, self.scale = nn.Linear(6, CLASSES), nn.Parameter(torch.ones(CLASSES))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.layer(rows) * self.scale


def test_wide_linear_layers_are_for_ghost_norms() -> None:
    torch.manual_seed(0)
    wide = nn.Sequential(nn.Linear(400, 100), nn.ReLU(), nn.Linear(100, CLASSES)).eval()
    before = {name: weight.clone() for name, weight in wide.state_dict().items()}
    assert choose_way(wide, (400,), 64, CLASSES).name == "ghost"
    assert all(torch.equal(before[name], now) for name, now in wide.state_dict().items())


def test_what_one_way_cannot_do_another_does() -> None:
    assert choose_way(Scaled().eval(), (6,), 16, CLASSES).name != "ghost"


def test_a_way_that_gives_wrong_sums_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    right = next(way for way in WAYS if way.name == "vmap")

    def wrong(module: nn.Module) -> object:
        clip = right.prepare(module)
        return lambda rows, truth, bound: clip(rows, truth, 2 * bound)

    ways = (Way("wrong", wrong),)  # type: ignore[arg-type]
    monkeypatch.setattr("modelkeep.harden.private.choosing.WAYS", ways)
    with pytest.raises(InputError, match=r"wrong: its gradient of .*weight is not that"):
        choose_way(dense(), (6,), 16, CLASSES)


def test_a_module_that_mixes_rows_is_refused() -> None:
    with pytest.raises(InputError, match="depends on the other rows"):
        choose_way(Centred().eval(), (6,), 16, CLASSES)
