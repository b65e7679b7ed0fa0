"""Is an answer one the model may give: rows, shape, finite, range, probabilities, rules?

A model that was replaced, overflowed or was driven out of its domain often shows it in
numbers that no honest answer has. Such an answer is withheld, not repaired.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.gateway.config import BusinessRule, ModelRules
from modelkeep.gateway.interface import Answer, Call, Tensors, TensorSpec
from modelkeep.gateway.refusal import RefusalError

_SUM: Final = 1e-3  # by which a row of probabilities may miss 1


def withheld(rule: str, says: str) -> RefusalError:
    """The refusal of an answer."""
    return RefusalError(502, rule, f"the answer is withheld: {says}")


def scores_of(outputs: dict[str, np.ndarray], named: str) -> str:
    """Name of the output that holds scores of classes; empty where there is none."""
    if named:
        return named
    found = [
        name
        for name, values in outputs.items()
        if values.dtype.kind == "f" and values.ndim == 2 and values.shape[1] > 1  # noqa: PLR2004
    ]
    return found[-1] if found else ""


@dataclass(frozen=True, slots=True)
class OutputCheck:
    """What a model may answer.

    Attributes:
        rules: the operator's.
        specs: tensors the model declares; empty where its server does not say.
    """

    rules: ModelRules
    specs: tuple[TensorSpec, ...] = ()

    def require_sound(self, call: Call, answer: Answer) -> None:
        """Check an answer.

        Raises:
            RefusalError: (502) it is withheld.
        """
        for name, values in answer.outputs.items():
            if values.ndim == 0 or len(values) != call.rows:
                raise withheld("output.rows", f"{name!r} has not one row per row asked")
            if values.dtype.kind == "f" and not np.isfinite(values).all():
                raise withheld("output.finite", f"{name!r} is not finite")
        self._require_declared(answer.outputs)
        if not answer.scores:
            if self.rules.probabilities or self.rules.rules:
                raise withheld("output.scores", "there are no scores to check")
            return
        if answer.scores not in answer.outputs:
            raise withheld("output.scores", f"there is no output {answer.scores!r}")
        scores = answer.outputs[answer.scores]
        if scores.size == 0 or scores.dtype.kind not in "fiu":
            raise withheld("output.scores", f"{answer.scores!r} holds no numbers")
        self._require_scores(scores.reshape(call.rows, 1) if scores.ndim == 1 else scores, call)

    def _require_declared(self, outputs: Tensors) -> None:
        """Every declared tensor that is there has the declared columns, and none is new."""
        known = {spec.name: spec for spec in self.specs}
        for name, values in outputs.items():
            if not known:
                return
            spec = known.get(name)
            if spec is None:
                raise withheld("output.names", f"the model declares no {name!r}")
            columns = spec.shape[1:]
            if columns and (
                values.ndim != len(spec.shape)
                or any(
                    wanted not in (-1, found)
                    for wanted, found in zip(columns, values.shape[1:], strict=True)
                )
            ):
                raise withheld("output.shape", f"{name!r} has not the declared shape")

    def _require_scores(self, scores: np.ndarray, call: Call) -> None:
        if not (scores.min() >= self.rules.score_low and scores.max() <= self.rules.score_high):
            raise withheld("output.range", "a score is out of range")
        if self.rules.probabilities and (
            scores.min() < 0 or abs(scores.sum(axis=-1) - 1.0).max() > _SUM
        ):
            raise withheld("output.probabilities", "scores are no probabilities")
        for rule in self.rules.rules:
            _require_rule(rule, call, scores)


def _require_rule(rule: BusinessRule, call: Call, scores: np.ndarray) -> None:
    features = flat_features(call)
    if not (0 <= rule.feature < features.shape[1] and 0 <= rule.column < scores.shape[-1]):
        raise withheld(f"output.rule.{rule.id}", "its column does not exist")
    feature, score = features[:, rule.feature], scores[..., rule.column].reshape(call.rows, -1)
    meant = (feature >= rule.above) & (feature <= rule.below)
    broken = ((score < rule.at_least) | (score > rule.at_most)).any(axis=1)
    if (meant & broken).any():
        raise withheld(f"output.rule.{rule.id}", "it breaks a rule of the operator")


def flat_features(call: Call) -> np.ndarray:
    """All inputs of a call as ``(rows, features)``, float32, tensors in the order of names."""
    parts = [
        call.inputs[name].reshape(call.rows, -1).astype(np.float32, copy=False)
        for name in sorted(call.inputs)
    ]
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
