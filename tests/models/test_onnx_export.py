from __future__ import annotations

import pytest
import torch

import model_samples as samples
from modelkeep.core import InputError
from modelkeep.models.onnx_export import export
from modelkeep.models.torch_module import TorchModel


def test_the_file_answers_as_the_module() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 3))
    rows = samples.normal(20, 4)
    expected = TorchModel(module).predict(rows)
    assert export(module, rows).predict(rows) == pytest.approx(expected, abs=1e-5)


class Branching(torch.nn.Module):  # type: ignore[misc]  # torch is untyped
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows if len(rows) == 1 else -rows


def test_a_branch_that_the_trace_did_not_take_is_noticed() -> None:
    with pytest.raises(InputError, match="does not answer as it did"):
        export(Branching(), samples.normal(6, 3))


def test_rows_that_do_not_fit_the_module_are_refused() -> None:
    with pytest.raises(InputError, match="cannot be written as ONNX"):
        export(torch.nn.Linear(4, 3), samples.normal(6, 5))
