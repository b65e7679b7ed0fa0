"""Triggers are searched in [0, 1]: rows in the user's units, there and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modelkeep.assess.backdoor.interface import Answer
from modelkeep.models import Dataset, need

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Scale:
    """Least value and width of every feature, shape of one row; of images 0 and 1."""

    low: np.ndarray
    span: np.ndarray

    def scaled(self, rows: np.ndarray) -> np.ndarray:
        """Rows in [0, 1], float32."""
        return np.asarray((rows - self.low) / self.span, np.float32)

    def answering(self, module: torch.nn.Module) -> Answer:
        """A module of rows in the user's units, as one of rows in [0, 1]."""
        tensor = need("torch", "a backdoor test").from_numpy
        low, span = tensor(self.low), tensor(self.span)

        def answer(rows: torch.Tensor) -> torch.Tensor:
            logits: torch.Tensor = module(low + rows * span)
            return logits

        return answer


def scale_of(data: Dataset) -> Scale:
    """The scale that the rows of a data set span."""
    shape = data.rows.shape[1:]
    if data.kind == "image":
        return Scale(np.zeros(shape, np.float32), np.ones(shape, np.float32))
    low, high = data.rows.min(axis=0), data.rows.max(axis=0)
    return Scale(low, np.where(high > low, high - low, 1).astype(np.float32))
