"""What does the new version rest on that the earlier one did not?

A version can answer test rows as well as the one before and for other reasons: a column
that leaks the label, a trigger that someone taught it. Both versions are explained on the
same rows; the earlier one is trained anew a few times, which says how far explanations move
by chance. What moved further is listed first, with that bound as its interval. Give the
training rows of the earlier version where you have them; where those of the new one are
given and teach it what is new, that is said.

A table is explained by shuffled columns, a picture by covered regions, and both by
integrated gradients where the model gives a gradient. Effects of pictures are looked at by
class: a trigger moves one region of one class. A trigger spread over the whole picture moves
every region a little and may stay below the bound.

Sources: Breiman 2001; Sundararajan et al. 2017; see ``explanation.stability``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from modelkeep.assess.explanation import attribution, replacement
from modelkeep.assess.explanation.dependence import depend
from modelkeep.assess.explanation.interface import Explainer, Explanation
from modelkeep.assess.explanation.refits import Refit, can_learn, refits
from modelkeep.assess.explanation.stability import LEAST_ALIKE, bound_of_moves
from modelkeep.assess.interface import Attack, Context, Facts, Outcome, require_rows
from modelkeep.core import InputError, Measurement, NotChecked, Risk
from modelkeep.models import Model
from modelkeep.models.intervals import LEVEL

EXPLAINERS: Final = (replacement.SHUFFLED, replacement.COVERED, attribution.EXPLAINER)
PREFIX: Final = "explanation_move["
_SHOWN: Final = 5  # moves of each explanation
_FOLLOWED: Final = 2  # columns whose partial dependence is shown
_NORMAL: Final = 1.96
_BEYOND: Final = "further than training anew moves anything"
_TAUGHT: Final = ", and training anew on these rows brings it about: they teach it"
_WITHIN: Final = "no further than training anew moves something"
_UNKNOWN: Final = "interval over rows alone: a model trained anew would move, too"


@dataclass(frozen=True, slots=True)
class Moves:
    """How an explanation changed from the earlier version to the new one.

    Attributes:
        new: the new version's explanation.
        old: the earlier one's.
        bound: what training alone explains; ``None`` where it is not known.
        alike: how many models it was taken from.
        taught: which effects the models trained anew show as the new version does, shape
            ``(effects,)``; ``None`` where there are none.
    """

    new: Explanation
    old: Explanation
    bound: float | None
    alike: int = 0
    taught: np.ndarray | None = None

    @property
    def values(self) -> np.ndarray:
        """Mean moves, shape ``(effects,)``."""
        return np.asarray((self.new.values - self.old.values).mean(axis=1))

    @property
    def halves(self) -> np.ndarray:
        """Half widths of the intervals, shape ``(effects,)``: rows and training together."""
        apart = self.new.values - self.old.values
        rows = _NORMAL * apart.std(axis=1) / apart.shape[1] ** 0.5
        return np.asarray(np.hypot(rows, self.bound or 0.0))


def applies(context: Context) -> str | None:
    """It needs an earlier version and test rows that can be explained."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if context.previous is None:
        return "no earlier version was named (modelkeep assess NEW --against OLD)"
    reasons = [explainer.applies(context) for explainer in EXPLAINERS]
    return None if None in reasons else "; ".join(dict.fromkeys(filter(None, reasons)))


def earlier(context: Context) -> Context:
    """The same rows and settings with the earlier version as the model."""
    if context.previous is None:
        raise TypeError("a difference needs an earlier version")
    return replace(context, model=context.previous)


def run(context: Context) -> Iterator[Outcome]:
    """Explain both versions, find how far training alone moves, list what moved."""
    before = earlier(context)
    _require_same_classes(context, before)
    fitting = [e for e in EXPLAINERS if e.applies(context) is None]
    unfit = [(e, e.applies(before)) for e in fitting]
    for explainer, reason in unfit:
        if reason is not None:
            yield NotChecked(f"{explainer.name} of the earlier version", reason)
    fitting = [explainer for explainer, reason in unfit if reason is None]
    again: list[Refit] = []
    if context.train is None:
        yield NotChecked(
            "stability of explanations", "no training rows to train anew with (--data FILE)"
        )
    else:
        again = list(refits(before))
    level = 1 - (1 - LEVEL) / max(1, len(fitting))
    for explainer in fitting:
        if explainer is attribution.EXPLAINER and again and not can_learn(before.model):
            yield NotChecked(
                f"stability of {explainer.name}", "the earlier version has no weights to train"
            )
        moves = compare(context, explainer, [refit.model for refit in again], level=level)
        yield from _measured(context, explainer, moves, again)


def _require_same_classes(context: Context, before: Context) -> None:
    data = require_rows(context.test, "test")
    for each in (context, before):
        each.truth(data)
    if context.model.classes != before.model.classes:
        raise InputError(
            f"the versions answer other classes: {list(before.model.classes[:5])} before, "
            f"{list(context.model.classes[:5])} now",
            "Compare versions that tell the same classes apart.",
        )


def compare(
    context: Context, explainer: Explainer, alike: list[Model], *, level: float
) -> Moves:
    """How one explanation changed.

    Args:
        context: with the earlier version as ``previous``.
        explainer: how to explain.
        alike: the earlier version trained anew.
        level: chance that one more of them stays below the bound.
    """
    old = explainer.explain(earlier(context))
    new = explainer.explain(context)
    fitting = [replace(context, model=model) for model in alike]
    fitting = [given for given in fitting if explainer.applies(given) is None]
    means = np.array([explainer.explain(given).values.mean(axis=1) for given in fitting])
    if len(means) < LEAST_ALIKE:
        return Moves(new, old, None)
    bound = bound_of_moves(means, level)
    taught = np.abs(new.values.mean(axis=1) - means.mean(axis=0)) <= bound
    return Moves(new, old, bound, len(means), taught)


def _measured(
    context: Context, explainer: Explainer, moves: Moves, again: list[Refit]
) -> Iterator[Measurement]:
    values, halves = moves.values, moves.halves
    order = np.argsort(-(np.abs(values) - halves), kind="stable")[:_SHOWN]
    how = f"; {again[0].how}" if again and moves.bound is not None else ""
    for rank, place in enumerate(order):
        value, half = float(values[place]), float(halves[place])
        beyond = _BEYOND if abs(value) > half else _WITHIN
        said = _UNKNOWN if moves.bound is None else beyond
        if moves.taught is not None and moves.taught[place] and said == _BEYOND:
            said += _TAUGHT
        old, new = (float(e.values[place].mean()) for e in (moves.old, moves.new))
        yield Measurement(
            f"{PREFIX}{explainer.name}: {moves.new.effects[place]}]",
            value,
            value - half,
            value + half,
            explainer.unit,
            moves.new.values.shape[1],
            budget={"models trained alike": moves.alike} if moves.alike else {},
            seed=context.seed,
            method=f"{explainer.method}, new less earlier version; "
            + (f"prediction interval over models trained alike{how}" if how else _UNKNOWN),
            note=f"before {old:.4f}, now {new:.4f}: {said}",
            picture=_map(moves, int(place)) if rank == 0 else (),
        )
    if explainer is replacement.SHUFFLED:
        for place in order[:_FOLLOWED]:
            name = moves.new.effects[place].removeprefix("column ")
            yield depend(context, int(place), f"dependence_now[{name}]")
            yield depend(earlier(context), int(place), f"dependence_before[{name}]")


def _map(moves: Moves, place: int) -> tuple[tuple[float, ...], ...]:
    """Moves of all regions for the class of one effect; grey stands for none."""
    if not moves.new.grid:
        return ()
    classes, down, across = moves.new.grid
    found = moves.values.reshape(classes, down, across)[place // (down * across)]
    shown = 0.5 + 0.5 * found / max(float(np.abs(found).max()), 1e-12)
    return tuple(tuple(round(float(value), 3) for value in line) for line in shown)


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares explanations."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """What the new version rests on as models trained like the earlier one do not."""
    moved = [
        m for m in measurements if m.name.startswith(PREFIX) and m.low > 0 and _BEYOND in m.note
    ]
    seen = set()
    for found in moved:
        kind, _, what = found.name.removeprefix(PREFIX).removesuffix("]").partition(": ")
        if kind not in seen:  # the first of each explanation
            seen.add(kind)
            yield Risk(
                f"the new version rests on {what} as the earlier one did not",
                found,
                min(1.0, 0.5 * found.value / max(found.value - found.low, 1e-12)),
                "find out what taught it that: compare the training rows of both versions, "
                "and look for a trigger (modelkeep assess NEW --only backdoor)",
            )


ATTACK: Final = Attack(
    "EXP002",
    "explanation-difference",
    "trust.explainability",
    "explanation",
    applies,
    run,
    facts,
    risks,
)
