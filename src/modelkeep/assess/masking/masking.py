"""Is the measured robustness real, or are the attacks blinded?

A model that rounds its input, saturates its output or answers at random looks robust
to an attack that follows its gradient, and falls to one that does not. A few cheap
attacks on the same points show it: each indicator here is a way in which an honest model
never behaves. Where one fires, the model is attacked again by one that goes through, over or
past what was found, and whatever stands is an upper bound that should not be trusted.

Sources: Athalye et al., ICML 2018 (obfuscated gradients); Carlini et al. 2019; Croce and
Hein, ICML 2020 (AutoAttack's flags); Pintor et al., NeurIPS 2022; NISTAML.022.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.gradient import same_scores
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, by_name
from modelkeep.assess.masking import (
    adaptive,
    black_box_wins,
    losses_disagree,
    one_step_wins,
    squashed_answers,
    unbounded,
    varying_answers,
    zero_gradient,
)
from modelkeep.assess.masking.probe import Probe, make_probe
from modelkeep.assess.masking.steps import Box, Problem
from modelkeep.assess.radius import space_of
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Differentiable, need
from modelkeep.models.intervals import clopper_pearson

if TYPE_CHECKING:
    pass

INDICATORS: Final[tuple[tuple[str, Callable[[Probe], str | None]], ...]] = (
    ("zero gradient", zero_gradient.fires),
    ("unbounded attack", unbounded.fires),
    ("black box against white box", black_box_wins.fires),
    ("one step against iteration", one_step_wins.fires),
    ("entropy against margin", losses_disagree.fires),
    ("varying answers", varying_answers.fires),
    ("probabilities for logits", squashed_answers.fires),
)
POINTS: Final = 32
_LEAST: Final = 8
_ANYWHERE: Final = 1e6  # a radius beyond the data's range, which clips it


def applies(context: Context) -> str | None:
    """It needs rows and a model attacked by its gradient."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if not isinstance(context.model, Differentiable):
        return "the model gives no gradient, so none can be masked"
    return None


def judge(probe: Probe) -> tuple[str, ...]:
    """What fired, each a phrase."""
    said = (fires(probe) for _, fires in INDICATORS)
    return tuple(text for text in said if text is not None)


def run(context: Context) -> Iterator[Outcome]:
    """Probe, judge, and attack again where something fired."""
    torch = need("torch", "a masking test")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(context.seed)  # a model that answers at random repeats itself
        yield from _run(context)


def _run(context: Context) -> Iterator[Outcome]:
    data, model = context.test, context.model
    if data is None or not isinstance(model, Differentiable):
        raise TypeError("the masking test needs rows and a differentiable model")
    data = context.sample(data)
    space = space_of(context.train, data)
    scores = context.predict(data.rows)
    if same_scores(scores):  # there is no gradient, and nothing that hides one
        why = f"the model gives the same scores for all {len(data)} rows"
        yield NotChecked("gradient masking", why)
        return
    standing = np.flatnonzero(scores.argmax(1) == context.truth(data))
    points = data.take(standing[:POINTS])
    if len(points) < _LEAST or not space.scale.any():
        yield NotChecked("gradient masking", "too few rows are answered rightly to probe")
        return
    torch = need("torch", "a masking test")
    rows = torch.from_numpy(points.rows.astype(np.float32))
    truth = torch.from_numpy(context.truth(points))
    near = _box(space.box(points.rows, context.epsilon_linf))
    problem = Problem(model.module, rows, truth, near, context.seed)
    context.progress(0.1, "gradient masking: probing")
    probe = make_probe(problem, _box(space.box(points.rows, _ANYWHERE)))
    fired = judge(probe)
    n = len(rows)
    yield _fired(fired, n, probe.passes, context.seed)
    if fired:
        context.progress(0.5, "gradient masking: attacking past it")
        broken, passes = adaptive.attack(problem, varies=probe.varies, budget=context.budget)
        left = broken.numpy() | probe.margin | probe.entropy | probe.black_box | probe.one_step
        yield _untrusted(int((~left).sum()), n, passes + probe.passes, context)


def _box(edges: tuple[np.ndarray, np.ndarray]) -> Box:
    tensor = need("torch", "a masking test").from_numpy
    return Box(tensor(edges[0]), tensor(edges[1]))


def _fired(fired: tuple[str, ...], n: int, passes: int, seed: int) -> Measurement:
    share = len(fired) / len(INDICATORS)
    return Measurement(
        "masking_indicators",
        share,
        share,
        share,
        "fraction",
        n,
        budget={"passes": passes},
        seed=seed,
        method=f"share of {len(INDICATORS)} indicators that fired",
        note="; ".join(fired) or "no sign that gradients are masked",
    )


def _untrusted(standing: int, n: int, passes: int, context: Context) -> Measurement:
    low, high = clopper_pearson(standing, n)
    return Measurement(
        "masked_robust_accuracy",
        standing / n,
        low,
        high,
        "fraction",
        n,
        attacker=ThreatModel(
            goal="evasion",
            knowledge="white box",
            capability="knows which step hides the gradient and goes around it",
            norm="linf",
            radius=context.epsilon_linf,
        ),
        budget={"passes": passes},
        seed=context.seed,
        method="BPDA, EOT and measured slopes on the margin, then a search on scores; share "
        "of rightly answered rows; Clopper-Pearson interval",
        note="an upper bound, NOT trusted: gradients are masked",
    )


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """Whether masking is suspected."""
    found = by_name(measurements, "masking_indicators")
    return {} if found is None else {"gradient_masking_suspected": found.value > 0}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Robustness that is not there."""
    found = by_name(measurements, "masking_indicators")
    if found is not None and found.value > 0:
        yield Risk(
            "its robustness cannot be believed: gradients are masked",
            found,
            0.5 + found.value / 2,
            "take out the step that hides the gradient (rounding, noise, saturation) and "
            "train on perturbed inputs in its place",
        )


ATTACK: Final = Attack(
    "MSK001",
    "gradient-masking",
    "model.gradient_masking",
    "evasion",
    applies,
    run,
    facts,
    risks,
)
