"""A gradient is worth following only if it leads somewhere."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

import model_samples as samples
from modelkeep.assess.gradient import why_no_gradient
from modelkeep.core import InputError
from modelkeep.models.torch_module import TorchModel


class After(torch.nn.Module):
    """A linear layer behind or before a function."""

    def __init__(
        self, before: Callable[..., torch.Tensor], after: Callable[..., torch.Tensor]
    ) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, 3)
        self.before, self.after = before, after

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.after(self.layer(self.before(rows)))


def same(rows: torch.Tensor) -> torch.Tensor:
    return rows


def log_softmax(scores: torch.Tensor) -> torch.Tensor:
    return torch.log_softmax(scores, dim=1)


def reason(model: object, scale: float = 1.0) -> str | None:
    rows = samples.table(scale * samples.normal(40, 4), [0] * 40)
    return why_no_gradient(samples.context(model, rows, rows))


@pytest.mark.parametrize("after", [same, torch.tanh, log_softmax])
def test_an_honest_gradient_is_followed(after: Callable[..., torch.Tensor]) -> None:
    assert reason(TorchModel(After(same, after))) is None


@pytest.mark.parametrize(
    ("before", "after", "scale"),
    [
        (torch.round, same, 1.0),
        (torch.sign, same, 1.0),
        (same, lambda scores: (1000 * scores).sigmoid(), 100.0),
    ],
    ids=["rounding", "signs", "saturated"],
)
def test_a_masked_gradient_is_seen(
    before: Callable[..., torch.Tensor], after: Callable[..., torch.Tensor], scale: float
) -> None:
    found = reason(TorchModel(After(before, after)), scale)
    assert "zero or not finite" in (found or "")


def test_a_model_that_answers_no_numbers_is_not_called_masked() -> None:
    endless = TorchModel(After(same, lambda scores: scores * float("inf")))
    with pytest.raises(InputError, match="answers NaN or infinity for 40 of 40 rows"):
        reason(endless)


def test_a_cut_off_gradient_is_seen() -> None:
    found = reason(TorchModel(After(torch.Tensor.detach, same)))
    assert "the model gives no gradient (" in (found or "")


def test_a_black_box_and_missing_rows_are_said() -> None:
    assert reason(samples.Answering(abs)) == "the model gives no gradient"
    assert "--test" in (why_no_gradient(samples.context(None, None, None)) or "")


def test_a_gradient_of_another_network_is_not_followed() -> None:
    class Disagrees(TorchModel):
        """Answers otherwise than its module, as a wrong conversion would."""

        def predict(self, rows: np.ndarray) -> np.ndarray:
            return super().predict(rows)[:, ::-1]

    found = reason(Disagrees(After(same, same)))
    assert found is not None
    assert "does not answer as the model does" in found
