"""Does a call fit the model: names, datatypes, shapes, finite numbers, ranges, rows?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from modelkeep.gateway.config import ModelRules
from modelkeep.gateway.interface import Tensors, TensorSpec
from modelkeep.gateway.oip_tensors import DATATYPES
from modelkeep.gateway.refusal import RefusalError


@dataclass(frozen=True, slots=True)
class InputCheck:
    """What a model takes.

    Attributes:
        specs: its tensors; empty where its server does not say, then only numbers are checked.
        low: smallest value, a number or one per column.
        high: largest value.
        most_rows: rows of a call.
    """

    specs: tuple[TensorSpec, ...]
    low: np.ndarray | None
    high: np.ndarray | None
    most_rows: int

    def rows(self, inputs: Tensors) -> int:
        """Check a call; returns its rows.

        Raises:
            RefusalError: it does not fit.
        """
        if self.specs and inputs.keys() != {spec.name for spec in self.specs}:
            names = ", ".join(spec.name for spec in self.specs)
            raise RefusalError(400, "schema.names", f"the model takes: {names}")
        for spec in self.specs:
            _require_fit(inputs[spec.name], spec)
        counts = {len(values) for values in inputs.values()}
        if len(counts) != 1:
            raise RefusalError(400, "schema.rows", "tensors must have the same number of rows")
        (count,) = counts
        if count == 0:
            raise RefusalError(400, "schema.rows", "there are no rows")
        if count > self.most_rows:
            raise RefusalError(413, "limits.batch", f"more than {self.most_rows} rows")
        for values in inputs.values():
            self._require_range(values)
        return count

    def _require_range(self, values: np.ndarray) -> None:
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise RefusalError(400, "schema.finite", "a value is not a finite number")
        for limit, outside in ((self.low, np.less), (self.high, np.greater)):
            if limit is None or values.dtype.kind == "b":
                continue
            if limit.ndim and (values.ndim < 2 or values.shape[-1] != limit.size):  # noqa: PLR2004
                raise RefusalError(400, "schema.range", "not as many columns as ranges")
            if outside(values, limit).any():
                raise RefusalError(400, "schema.range", "a value is out of the model's range")


def _require_fit(values: np.ndarray, spec: TensorSpec) -> None:
    if values.dtype != DATATYPES.get(spec.datatype):
        raise RefusalError(400, "schema.dtype", f"tensor {spec.name!r} must be {spec.datatype}")
    fits = values.ndim == len(spec.shape) and all(
        wanted in (-1, found) for wanted, found in zip(spec.shape, values.shape, strict=True)
    )
    if not fits:
        raise RefusalError(
            400, "schema.shape", f"tensor {spec.name!r} must have the shape {list(spec.shape)}"
        )


def input_check(specs: tuple[TensorSpec, ...], rules: ModelRules, most_rows: int) -> InputCheck:
    """The check of a model by its specification and the operator's rules."""
    return InputCheck(specs, _limit(rules.low), _limit(rules.high), most_rows)


def _limit(value: float | list[float] | None) -> np.ndarray | None:
    return None if value is None else np.asarray(value, dtype=np.float64)
