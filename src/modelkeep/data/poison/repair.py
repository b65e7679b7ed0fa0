"""What removing groups would do: trained again without them, and measured again.

Removing half of a backdoor leaves all of it, so groups are removed whole, by their rule.
A part of the rows that no group holds is kept back; two models are trained on the rest,
with the groups and without. On the rows kept back, accuracy is compared, and for every
group how many rows of other classes its trigger turns. A natural group's trigger turns
few, or its removal costs accuracy.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from modelkeep.core import Measurement, ThreatModel
from modelkeep.data.poison.examination import Examination
from modelkeep.data.poison.fusion import beyond_doubt
from modelkeep.data.poison.interface import Context, Family, Fit, Predictor
from modelkeep.data.poison.items import list_items
from modelkeep.data.poison.mining import Mined, mine
from modelkeep.data.poison.patterns import Overlay
from modelkeep.models.intervals import clopper_pearson

Advice = Literal["remove", "review"]
_BACK: Final = 0.25  # share of the clean rows kept back
_MOST: Final = 600  # rows a trigger is stamped on
_TURNS: Final = 0.1  # by how much a working backdoor's success surely falls without it
_DEVIATIONS: Final = 1.64
_LOSS: Final = 0.01  # accuracy that a removal may cost
_LEAST: Final = 5
_WITNESSES: Final = 2  # trusted rows


@dataclass(frozen=True, slots=True)
class Effect:
    """A group and what removing it does.

    Attributes:
        family: the threat it was found for.
        mined: the group, its rule and its trigger.
        success_before: share of rows of other classes that the stamped trigger turns, of a
            model trained with the groups; ``None`` without a trigger or rows to stamp.
        success_after: the same without them: the floor a model reaches that never saw it.
        advice: remove what was measured to work as a backdoor and to stop when removed, and
            fixed patterns on images, if that costs no accuracy; review the rest.
    """

    family: Family
    mined: Mined
    success_before: Measurement | None
    success_after: Measurement | None
    advice: Advice


@dataclass(frozen=True, slots=True)
class Repair:
    """All groups and what removing them does together.

    Attributes:
        effects: of each group, most harmful first.
        accuracy_before: on rows kept back, trained with the groups.
        accuracy_after: trained without them.
        removed: rows that the advice would remove, ascending.
    """

    effects: tuple[Effect, ...]
    accuracy_before: Measurement | None
    accuracy_after: Measurement | None
    removed: np.ndarray


def propose(context: Context, found: Examination, fit: Fit) -> Repair:
    """Mine the groups beyond doubt, train without them, and measure what changes.

    Args:
        context: the rows.
        found: what the detectors said of them.
        fit: the recipe to train by.
    """
    chosen = [(f, g) for f, g in found.groups if f != "outlier" and beyond_doubt([g])]
    if not chosen:
        return Repair((), None, None, np.empty(0, dtype=int))
    items = list_items(context.data, max(_LEAST, min(len(g.rows) for _, g in chosen) // 2))
    mined = [(family, mine(context, group, items)) for family, group in chosen]
    return _measure(context, mined, fit)


def _measure(context: Context, mined: Sequence[tuple[Family, Mined]], fit: Fit) -> Repair:
    held = np.zeros(len(context), dtype=bool)
    for _, one in mined:
        held[one.group.rows] = True
    rng = np.random.default_rng(context.seed)
    clean = rng.permutation(np.flatnonzero(~held))
    back = np.sort(clean[: int(_BACK * len(clean))])
    kept = np.ones(len(context), dtype=bool)
    kept[back] = False
    before = fit(context.data.take(np.flatnonzero(kept)), context.seed)
    after = fit(context.data.take(np.flatnonzero(kept & ~held)), context.seed)
    right = [_right(context, back, predict) for predict in (before, after)]
    accuracy = [_accuracy(hits, context.seed) for hits in right]
    cheap = _loss_at_least(*right) <= _LOSS
    effects = [
        _effect(context, family, one, back, (before, after), cheap=cheap)
        for family, one in mined
    ]
    effects.sort(key=lambda effect: (effect.advice == "review", -harm(effect)))
    removed = [e.mined.group.rows for e in effects if e.advice == "remove"]
    rows = np.unique(np.concatenate(removed)) if removed else np.empty(0, dtype=int)
    return Repair(tuple(effects), accuracy[0], accuracy[1], rows)


def harm(effect: Effect) -> float:
    """What to look at first: how sure, how many rows, how much they do."""
    group = effect.mined.group
    sure = min(group.strength / (2 * max(len(group.rows), 1)), 1.0)
    success = effect.success_before
    return sure * len(group.rows) * (0.2 + (success.value if success is not None else 0.3))


def _right(context: Context, rows: np.ndarray, predict: Predictor) -> np.ndarray:
    said = predict(context.data.rows[rows]).argmax(axis=1)
    return np.asarray(said == context.targets[rows])


def _accuracy(right: np.ndarray, seed: int) -> Measurement | None:
    if not len(right):
        return None
    return _share("accuracy on rows kept back", int(right.sum()), len(right), seed, None)


def _loss_at_least(before: np.ndarray, after: np.ndarray) -> float:
    """Lower bound of the accuracy lost, from the rows the two models tell differently."""
    lost, won = int((before & ~after).sum()), int((after & ~before).sum())
    n = max(len(before), 1)
    return (lost - won - _DEVIATIONS * float(np.sqrt(lost + won))) / n


def _effect(
    context: Context,
    family: Family,
    mined: Mined,
    back: np.ndarray,
    models: tuple[Predictor, Predictor],
    *,
    cheap: bool,
) -> Effect:
    label = mined.group.label
    numbers: list[Measurement | None] = [None, None]
    if mined.trigger is not None and label:
        place = context.classes.index(label)
        others = back[context.targets[back] != place][:_MOST]
        if len(others):
            stamped = mined.trigger.stamped(context.data.take(others)).rows
            for index, predict in enumerate(models):
                hits = int((predict(stamped).argmax(axis=1) == place).sum())
                numbers[index] = _share(
                    "attack success", hits, len(others), context.seed, label
                )
    before, after = numbers
    falls = before is not None and after is not None and before.low - after.high >= _TURNS
    works = (falls or _is_laid_over(mined)) and not _vouched(context, mined.group.rows, label)
    return Effect(family, mined, before, after, "remove" if works and cheap else "review")


def _is_laid_over(mined: Mined) -> bool:
    """Whether it is a fixed pattern on images: nature makes none, whatever it turns."""
    pattern = mined.group.pattern
    return pattern is not None and any(isinstance(term, Overlay) for term in pattern.terms)


def _vouched(context: Context, rows: np.ndarray, label: str) -> bool:
    """Whether trusted rows are in the group under the same label: then it is natural."""
    named = context.data.labels[rows] == label
    return int((context.trusted[rows] & named).sum()) >= _WITNESSES


def _share(name: str, hits: int, n: int, seed: int, target: str | None) -> Measurement:
    low, high = clopper_pearson(hits, n)
    attacker = None
    if target is not None:
        attacker = ThreatModel(
            f"backdoor: any row becomes {target!r}", "black box", "stamps the mined trigger"
        )
    return Measurement(
        name.replace(" ", "_"),
        hits / n,
        low,
        high,
        "fraction",
        n,
        attacker=attacker,
        seed=seed,
        method="trained by the recipe, Clopper-Pearson interval",
    )
