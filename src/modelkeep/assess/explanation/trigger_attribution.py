"""Does a reconstructed trigger take the answer over?

The backdoor test hands back the smallest trigger it found. Stamped on clean rows, a planted
one draws most of the attribution of its class to the few features it changes; on an honest
model the features of an adversarial pattern share it with the rest. What it draws on stamped
rows is told beside what the same features draw on the rows as they are.

Sources: Sundararajan et al. 2017; Huang et al. 2019 (NeuronInspect: explanations of
backdoored models).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from modelkeep.assess.backdoor import Inspection, scale_of
from modelkeep.assess.explanation.integrated_gradients import integrate
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.core import Measurement, NotChecked, Risk
from modelkeep.models import Differentiable, need

if TYPE_CHECKING:
    import torch

HANDED: Final = "backdoor"  # what the backdoor test hands over under this name
_ROWS: Final = 100
_STEPS: Final = 32
_MOST: Final = 0.9  # of all that the trigger changes lies on the features looked at
_WIDE: Final = 0.5  # share of the features above which nothing is concentrated
_DRAWS: Final = 400


def applies(context: Context) -> str | None:
    """It needs what the backdoor test hands over, and a gradient."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if not isinstance(context.model, Differentiable):
        return "the model gives no gradient"
    if HANDED not in context.handed:
        return "no trigger was reconstructed in this run (the backdoor test comes first)"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Share of the attribution of the suspected class that lies on the trigger."""
    torch = need("torch", "integrated gradients")
    model, inspection = context.model, context.handed[HANDED]
    if not isinstance(model, Differentiable) or not isinstance(inspection, Inspection):
        raise TypeError("a trigger's attribution needs a gradient and an inspection")
    data = context.sample(require_rows(context.test, "test"), _ROWS)
    scale = scale_of(context.train or data)
    rows = torch.from_numpy(scale.scaled(data.rows))
    stamped, kind = _stamped(inspection, rows)
    features = _features(rows, stamped)
    area = float(features.float().mean())
    if area > _WIDE:
        yield NotChecked(
            "attribution on the trigger", f"the {kind} found changes {area:.0%} of all features"
        )
        return
    target = int(inspection.classes[inspection.suspicion.place])
    answer = scale.answering(model.module)
    on_it, without = (_share(answer, each, target, features) for each in (stamped, rows))
    rng = np.random.default_rng(context.seed)
    draws = [rng.choice(on_it, len(on_it)).mean() for _ in range(_DRAWS)]
    value = float(on_it.mean())
    low, high = np.percentile(draws, [2.5, 97.5])
    yield Measurement(
        "trigger_attribution",
        value,
        min(float(low), value),
        max(float(high), value),
        "fraction",
        len(on_it),
        seed=context.seed,
        method=f"share of integrated gradients of class {model.classes[target]} on the {kind} "
        "that the backdoor test found, stamped on test rows; bootstrap interval over rows",
        note=f"it covers {area:.1%} of the features and draws {without.mean():.1%} "
        "on the rows as they are",
    )


def _stamped(inspection: Inspection, rows: torch.Tensor) -> tuple[torch.Tensor, str]:
    """Rows with the most suspicious trigger, and what kind it is."""
    torch = need("torch", "integrated gradients")
    place, by_test = inspection.suspicion.place, inspection.suspicion.by_test
    found = max(inspection.triggers, key=lambda each: by_test[each.family.name])
    alone = tuple(value[place : place + 1] for value in found.parameters)
    with torch.no_grad():
        return found.family.stamp(alone, rows)[0].detach(), found.family.name


def _features(rows: torch.Tensor, stamped: torch.Tensor) -> torch.Tensor:
    """The fewest features that hold nearly all of the change; boolean, shape of one row."""
    torch = need("torch", "integrated gradients")
    change = (stamped - rows).abs().mean(0)
    flat, order = change.flatten().sort(descending=True)
    reached = flat.cumsum(0) - flat < _MOST * flat.sum()
    chosen = torch.zeros(len(order), dtype=torch.bool)
    chosen[order[reached]] = True
    return chosen.view(change.shape)


def _share(
    answer: Callable[[torch.Tensor], torch.Tensor],
    rows: torch.Tensor,
    target: int,
    features: torch.Tensor,
) -> np.ndarray:
    """Share of each row's attribution that lies on the features, shape ``(n,)``."""
    torch = need("torch", "integrated gradients")
    baseline = torch.zeros_like(rows)
    classes = torch.tensor([target])
    sizes = integrate(answer, rows, baseline, classes, steps=_STEPS)[0].abs().flatten(1)
    on_it = (sizes * features.flatten()).sum(1)
    return np.asarray(on_it / sizes.sum(1).clamp_min(1e-12))


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: the backdoor test proves what there is to prove."""
    return {}


def risks(_measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """None of its own: it explains what the backdoor test finds."""
    return iter(())


ATTACK: Final = Attack(
    "EXP003",
    "trigger-attribution",
    "trust.explainability",
    "explanation",
    applies,
    run,
    facts,
    risks,
)
