"""A model behind the user's own preprocessing, so that inputs keep the user's units."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modelkeep.core import InputError
from modelkeep.models.code import call
from modelkeep.models.interface import InputSpec, Model


@dataclass(frozen=True, slots=True)
class PreprocessedModel:
    """``inner`` after ``step``; black box, because the step has no gradient here."""

    inner: Model
    step: Callable[[np.ndarray], np.ndarray]

    @property
    def kind(self) -> str:
        """How the inner model runs."""
        return self.inner.kind

    @property
    def classes(self) -> tuple[str, ...]:
        """The inner model's classes."""
        return self.inner.classes

    @property
    def spec(self) -> InputSpec:
        """Raw rows have whatever shape the step takes."""
        return InputSpec()

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """Probabilities of raw rows."""
        step = f"--preprocess, given rows of {rows.shape[1:]},"
        ready = call(step, lambda: np.asarray(self.step(rows), dtype=np.float32))
        if len(ready) != len(rows):
            raise InputError(f"--preprocess turned {len(rows)} rows into {len(ready)}")
        return self.inner.predict(ready)
