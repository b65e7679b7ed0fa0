"""Attribute inference: does the model tell a column of people it was trained on?

The attacker knows a training row and its label but for one column, tries each value there and
asks the model: by Bayes' rule a value counts for as much as it makes the row's label likely,
times how often it goes with the other columns. What counts is the *gain* over the same
attacker without the model, who learns the column from the others and the label, on rows of
the same kind. Most published attacks are that baseline.

A gain alone may still be knowledge about everybody: a model of many rows knows the population
better than the attacker's few. So the gain on held-out rows stands beside it; rows were given
away by training on them only as far as the gain on training rows is larger.

The column is the one named with ``--group``. It must be a category or take few values.

Sources: Fredrikson et al., USENIX Security 2014 (inversion by a prior and the model's answer);
Yeom et al., CSF 2018 (gain over no model); Jayaraman and Evans, CCS 2022 (imputation);
NISTAML.033.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.assess.fairness import place_of
from modelkeep.assess.interface import (
    Attack,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.core import Measurement, NotChecked, Risk, ThreatModel
from modelkeep.models import Dataset, need
from modelkeep.models.intervals import clopper_pearson
from modelkeep.models.outputs import require_probabilities

_LEAST: Final = 40  # rows of each side
_MOST: Final = 1000
_VALUES: Final = 10
_TREES: Final = 100
_GUESSING: Final = 3  # rows of a leaf where only the likeliest value counts
_WEIGHING: Final = 10  # where chances are weighed against the model's, and must not be too sure
_TINY: Final = 1e-9
_ONE_OF_TWO: Final = 0.975  # two intervals of this level hold together at 95 %
_THREAT: Final = ThreatModel(
    "attribute inference",
    "black box",
    "knows rows and labels but for one column, and sees the probabilities answered",
)
_MEND: Final = "leave the column out, or train privately: modelkeep harden --for membership"
Guess = Callable[[np.ndarray], np.ndarray]  # from rows to chances (batch, values)


@dataclass(frozen=True, slots=True)
class _Column:
    """The column asked for: its place in a row, and the values it takes."""

    place: int
    values: np.ndarray


def applies(context: Context) -> str | None:
    """It needs members and others of a table, and a named column of few values.

    Raises:
        InputError: there is no such column.
    """
    if context.train is None or context.test is None:
        return "needs both --data TRAIN (members) and --test TEST (non-members)"
    if not context.group:
        return "no column to infer was named (--group COLUMN)"
    if context.train.kind != "tabular":
        return "only tables have columns"
    if min(len(context.train), len(context.test)) < _LEAST:
        return f"fewer than {_LEAST} members or non-members"
    count = len(_column(context.train, context.group).values)
    if not 1 < count <= _VALUES:
        return f"column {context.group} takes {count} values; 2 to {_VALUES} can be tried"
    return None


def run(context: Context) -> Iterator[Outcome]:
    """Gain on training rows, and on rows held out from model and attacker alike."""
    train, test = require_rows(context.train, "data"), require_rows(context.test, "test")
    column = _column(train, context.group)
    order = np.random.default_rng(context.seed).permutation(len(test))
    half = len(test) // 2
    known, held = test.take(order[:half]), test.take(order[half:][:_MOST])
    if len(np.unique(known.rows[:, column.place])) == 1:
        why = f"column {context.group} takes one value in the attacker's {half} rows"
        yield NotChecked("attribute inference", why)
        return
    prior = _learn(context, known, column, with_label=False)  # the model adds the label
    baseline = _learn(context, known, column, with_label=True)
    for name, data in (
        ("attribute_gain", context.sample(train, _MOST)),
        ("attribute_gain_held_out", held),
    ):
        context.progress(0.5, f"attribute inference: {name}")
        truth = np.searchsorted(column.values, data.rows[:, column.place])
        known_value = np.isin(data.rows[:, column.place], column.values)
        without = baseline(_without(context, data, column, with_label=True)).argmax(axis=1)
        chances = prior(_without(context, data, column, with_label=False))
        asked = _likelihoods(context, data, column)
        guessed = (np.log(chances) + np.log(asked)).argmax(axis=1)
        hits = (guessed == truth) & known_value, (without == truth) & known_value
        yield _gain(context, name, hits, len(column.values))


def _column(data: Dataset, name: str) -> _Column:
    place = place_of(data, name)
    return _Column(place, np.unique(data.rows[:, place]))


def _without(
    context: Context, data: Dataset, column: _Column, *, with_label: bool
) -> np.ndarray:
    """What the attacker holds: the other columns, categories apart, and perhaps the label."""
    parts = [np.zeros((len(data), 0))]
    for place, each in enumerate(data.columns):
        if place == column.place:
            continue
        values = data.rows[:, place]
        if each.categories:
            parts.append(np.eye(len(each.categories))[values.astype(int)])
        else:
            parts.append(values[:, None])
    if with_label:
        parts.append(np.eye(len(context.model.classes))[context.truth(data)])
    return np.hstack([*parts, np.zeros((len(data), 1))])  # one column at least


def _learn(context: Context, data: Dataset, column: _Column, *, with_label: bool) -> Guess:
    """Chances of each value from what the attacker holds, learned from rows of their own."""
    ensemble = need("sklearn.ensemble", "a baseline without the model")
    held = _without(context, data, column, with_label=with_label)
    leaf = _GUESSING if with_label else _WEIGHING
    values = data.rows[:, column.place]
    forest = ensemble.RandomForestClassifier(
        _TREES, min_samples_leaf=leaf, random_state=context.seed
    ).fit(held, values.astype(str))
    names = {name: place for place, name in enumerate(forest.classes_.tolist())}
    places = [names.get(str(value)) for value in column.values]

    def guess(rows: np.ndarray) -> np.ndarray:
        said = forest.predict_proba(rows)
        chances = np.full((len(rows), len(places)), _TINY)
        for target, source in enumerate(places):
            if source is not None:
                chances[:, target] += said[:, source]
        return chances

    return guess


def _likelihoods(context: Context, data: Dataset, column: _Column) -> np.ndarray:
    """The model's probability of each row's label with each value, (n, values)."""
    truth = context.truth(data)
    rows = np.arange(len(data))
    found = []
    for value in column.values:
        tried = data.rows.copy()
        tried[:, column.place] = value
        scores = require_probabilities(context.predict(tried))
        found.append(np.maximum(scores[rows, truth], _TINY))
    return np.stack(found, axis=1)


def _gain(
    context: Context, name: str, hits: tuple[np.ndarray, np.ndarray], values: int
) -> Measurement:
    """The difference of two shares of the same rows, by the rows only one got right."""
    with_model, without = hits
    n = len(with_model)
    won, lost = int((with_model & ~without).sum()), int((without & ~with_model).sum())
    more, less = (clopper_pearson(count, n, _ONE_OF_TWO) for count in (won, lost))
    return Measurement(
        name,
        (won - lost) / n,
        more[0] - less[1],
        more[1] - less[0],
        "fraction",
        n,
        attacker=_THREAT,
        budget={"queries_per_row": values},
        seed=context.seed,
        method=(
            f"column {context.group}: right with the model {with_model.mean():.3f}, without "
            f"{without.mean():.3f}; Clopper-Pearson on rows only one got right, together 95 %"
        ),
    )


def facts(_measurements: tuple[Measurement, ...]) -> Facts:
    """None: no gate compares it."""
    return {}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """A gain on training rows that is none of the population's."""
    found = by_name(measurements, "attribute_gain")
    control = by_name(measurements, "attribute_gain_held_out")
    if found is None or control is None:
        return
    if found.low > max(0.0, control.high):
        title = "answers give away a column of the rows it was trained on"
        yield Risk(title, found, found.value, _MEND)


ATTACK: Final = Attack(
    "ATR001",
    "attribute-inference",
    "model.inversion",
    "membership",
    applies,
    run,
    facts,
    risks,
)
