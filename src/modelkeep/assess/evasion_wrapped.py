"""Evasion by an attacker who knows the wrapper around a model and goes through it.

Rounding, thresholds and noise leave a gradient-following attack nothing to follow, and a model
that stands only for that reason is not robust. The graph inside is taken out, and the white-box
engine climbs through a stand-in: rounding passes gradients as the identity (BPDA), noise is
averaged over draws (EOT), a threshold becomes a goal that wrong answers must reach. Every point
that is found counts only where the wrapped model itself, asked again, gives a wrong answer.

Sources: Athalye et al., ICML 2018 (BPDA, EOT); Tramèr et al., NeurIPS 2020 (adaptive attacks);
NISTAML.022; see ``models.wrappers``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess import robust_accuracy
from modelkeep.assess.interface import Attack, Context, Outcome
from modelkeep.assess.robust_accuracy import Engine, Problem, measure
from modelkeep.assess.white_box import search
from modelkeep.models import (
    Abstaining,
    Differentiable,
    InputSpec,
    Model,
    OnnxModel,
    from_bytes,
    need,
)
from modelkeep.models.wrappers import Rejection, Wrapped, stand_in

if TYPE_CHECKING:
    import torch


def applies(context: Context) -> str | None:
    """It needs test rows and a wrapper that gradients do not lead through by themselves."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    wrapped = wrapper_of(context.model)
    if wrapped is None:
        return "no wrapper stands around the model"
    modules = _inside(wrapped)
    if modules is None:
        return "the model inside the wrapper gives no gradient"
    if stand_in(wrapped.wrapper, modules, 0) is None:
        return "gradients lead through the wrapper; the gradient attack goes through it"
    return None


def wrapper_of(model: Model) -> Wrapped | None:
    """What stands around a model, where its file was found to be what it says."""
    return model.wrapped if isinstance(model, OnnxModel) else None


def _inside(wrapped: Wrapped) -> list[torch.nn.Module] | None:
    """A network for each model inside, ``None`` where one gives no gradient."""
    models = [from_bytes(base.model.SerializeToString()) for base in wrapped.bases]
    found = [model.module for model in models if isinstance(model, Differentiable)]
    return found if len(found) == len(models) else None


@dataclass(frozen=True, slots=True)
class _Through:
    """A wrapped model with a stand-in for its gradient."""

    wrapped: Model
    module: torch.nn.Module

    @property
    def kind(self) -> str:
        return self.wrapped.kind

    @property
    def classes(self) -> tuple[str, ...]:
        return self.wrapped.classes

    @property
    def spec(self) -> InputSpec:
        return self.wrapped.spec

    @property
    def abstains(self) -> bool:
        return isinstance(self.wrapped, Abstaining) and self.wrapped.abstains

    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.wrapped.predict(rows)

    def answers(self, rows: np.ndarray) -> np.ndarray:
        if isinstance(self.wrapped, Abstaining):
            return self.wrapped.answers(rows)
        return np.asarray(self.predict(rows).argmax(axis=1))


def climb_through(context: Context, problem: Problem) -> tuple[np.ndarray, dict[str, int]]:
    """One candidate per row; where a wrong answer must be sure, class by class.

    Raises:
        InputError: the network answers something else than logits.
    """
    wrapped = wrapper_of(context.model)
    modules = _inside(wrapped) if wrapped is not None else None
    if wrapped is None or modules is None:
        raise TypeError("this attack needs a wrapper around a differentiable model")
    torch = need("torch", "a gradient attack")
    by_class = isinstance(wrapped.wrapper, Rejection)
    groups = np.unique(problem.truth).tolist() if by_class else [-1]
    changed, passes = problem.rows.astype(np.float32).copy(), 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(problem.seed)  # noise repeats itself
        for truth in groups:
            at = np.flatnonzero((problem.truth == truth) | (not by_class))
            module = stand_in(wrapped.wrapper, modules, truth)
            if module is None:
                raise TypeError("this wrapper has no stand-in")
            part = replace(
                problem,
                **{
                    name: getattr(problem, name)[at]
                    for name in ("rows", "truth", "low", "high")
                },
            )
            through = replace(context, model=_Through(context.model, module.eval()))
            changed[at], work = search(through, part)
            passes += work["passes"]
    return changed, {"passes": passes}


ENGINE: Final = Engine(
    "targeted gradient ascent through the wrapper (BPDA, EOT)", "white box", climb_through
)


def run(context: Context) -> Iterator[Outcome]:
    """Measure robust accuracy with a stand-in for the wrapper's gradient."""
    yield from measure(context, ENGINE)


ATTACK: Final = Attack(
    "WRP001",
    "evasion-wrapped",
    "model.evasion",
    "evasion",
    applies,
    run,
    robust_accuracy.facts,
    robust_accuracy.risks,
    robust_accuracy.worst,
)
