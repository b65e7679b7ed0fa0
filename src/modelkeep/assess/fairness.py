"""Fairness: does the model serve one group of people worse than another?

A group is a value of one column, or a quarter of its range where it has many values. For
every group the share of right answers is counted, and with two classes also how often the
positive one (the second) is answered at all, to those it is true of, and to those it is not.
The gap is the largest difference between two groups. Small groups are left out and named: a
gap between handfuls of rows says nothing.

Sources: Hardt, Price and Srebro, NeurIPS 2016 (equalised odds); Feldman et al., KDD 2015
(disparate impact); the metric names are those of Fairlearn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np

from modelkeep.assess.interface import (
    PPM,
    Attack,
    Context,
    Facts,
    Outcome,
    by_name,
    require_rows,
)
from modelkeep.core import InputError, Measurement, NotChecked, Risk
from modelkeep.models import Dataset
from modelkeep.models.intervals import LEVEL, clopper_pearson

LEAST: Final = 20  # rows of a group below which its rates say nothing
_VALUES: Final = 10  # more different numbers than this are cut into quarters
_DRAWS: Final = 400
_NOTICE: Final = 0.05  # a gap whose lower end lies below this is not listed as a risk
_BINARY: Final = 2
_MEND: Final = "modelkeep harden MODEL --for bias, or collect rows of the group served worse"


@dataclass(frozen=True, slots=True)
class Group:
    """Some rows that share a value.

    Attributes:
        name: column and value.
        rows: which, shape ``(n,)`` of places.
    """

    name: str
    rows: np.ndarray


@dataclass(frozen=True, slots=True)
class Rate:
    """A share and the rows it is taken over.

    Attributes:
        name: such as ``accuracy``.
        hit: which rows count, shape ``(n,)`` of booleans.
        among: of which rows, shape ``(n,)`` of booleans.
    """

    name: str
    hit: np.ndarray
    among: np.ndarray


def applies(context: Context) -> str | None:
    """It needs test rows of a table and a column that tells the groups apart."""
    if context.test is None:
        return "no test data was given (--test FILE)"
    if not context.group:
        return "no column of groups was named (--group COLUMN)"
    if context.test.kind != "tabular":
        return "only tables have a column of groups"
    return None


def groups_of(data: Dataset, column: str) -> tuple[Group, ...]:
    """The groups a column divides the rows into, in the order of its values.

    Raises:
        InputError: there is no such column.
    """
    names = [found.name for found in data.columns]
    if column not in names:
        raise InputError(
            f"{data.subject.name}: no column {column!r} to group by",
            f"Name one of: {', '.join(names[:20])}.",
        )
    place = names.index(column)
    values, categories = data.rows[:, place], data.columns[place].categories
    if categories:
        return tuple(
            Group(f"{column}={text}", np.flatnonzero(values == code))
            for code, text in enumerate(categories)
            if (values == code).any()
        )
    distinct = np.unique(values)
    if len(distinct) <= _VALUES:
        return tuple(Group(f"{column}={v:g}", np.flatnonzero(values == v)) for v in distinct)
    edges = np.unique(np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
    parts = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return tuple(
        Group(f"{column} in [{low:g}, {high:g}]", np.flatnonzero(parts == part))
        for part, (low, high) in enumerate(pairwise(edges))
        if (parts == part).any()
    )


def rates_of(answers: np.ndarray, truth: np.ndarray, classes: int) -> tuple[Rate, ...]:
    """The rates compared, given answered and right classes of shape ``(n,)``."""
    everyone = np.ones(len(truth), dtype=bool)
    rates = [Rate("accuracy", answers == truth, everyone)]
    if classes == _BINARY:
        chosen, positive = answers == 1, truth == 1
        rates += [
            Rate("selection_rate", chosen, everyone),
            Rate("true_positive_rate", chosen, positive),
            Rate("false_positive_rate", chosen, ~positive),
        ]
    return tuple(rates)


def run(context: Context) -> Iterator[Outcome]:
    """Rates of every group that is large enough, and the largest gap of each rate."""
    data = require_rows(context.test, "test")
    groups = groups_of(data, context.group)
    large = tuple(group for group in groups if len(group.rows) >= LEAST)
    for group in groups:
        if group not in large:
            yield NotChecked(f"fairness of {group.name}", f"only {len(group.rows)} rows")
    if len(large) < _BINARY:
        yield NotChecked("fairness", f"fewer than two groups of {LEAST} rows")
        return
    truth = context.truth(data)
    scores = context.predict(data.rows)
    for rate in rates_of(scores.argmax(axis=1), truth, scores.shape[1]):
        comparable = [group for group in large if rate.among[group.rows].sum() >= LEAST]
        for group in comparable:
            yield share(rate, group)
        if len(comparable) >= _BINARY:
            yield gap(rate, comparable, seed=context.seed)
        else:
            yield NotChecked(f"{rate.name} by group", f"fewer than {LEAST} rows to judge by")


def share(rate: Rate, group: Group) -> Measurement:
    """A rate among the rows of one group, with its interval."""
    among = group.rows[rate.among[group.rows]]
    hits, n = int(rate.hit[among].sum()), len(among)
    low, high = clopper_pearson(hits, n)
    name = f"{rate.name}[{group.name}]"
    return Measurement(
        name, hits / n, low, high, "fraction", n, method="Clopper-Pearson interval"
    )


def gap(rate: Rate, groups: list[Group], *, seed: int) -> Measurement:
    """Largest difference of a rate between two groups, with a bootstrap interval.

    The two groups that differ most on the rows as they are stay the two compared in every
    draw: the largest of many differences would be above zero even where none exists.
    """
    among = [group.rows[rate.among[group.rows]] for group in groups]
    shares = np.array([rate.hit[rows].mean() for rows in among])
    best, worst = int(shares.argmax()), int(shares.argmin())
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(_DRAWS):
        high, low = (
            rng.choice(rate.hit[among[i]], len(among[i])).mean() for i in (best, worst)
        )
        draws.append(high - low)
    tail = 100 * (1 - LEVEL) / 2
    value = float(shares[best] - shares[worst])
    low, high = np.percentile(draws, [tail, 100 - tail])
    return Measurement(
        f"{rate.name}_gap",
        value,
        min(float(low), value),
        max(float(high), value),
        "fraction",
        sum(len(rows) for rows in among),
        seed=seed,
        method=f"{groups[best].name} against {groups[worst].name}; bootstrap interval",
    )


def facts(measurements: tuple[Measurement, ...]) -> Facts:
    """The upper end of the gap in accuracy."""
    found = by_name(measurements, "accuracy_gap")
    return {} if found is None else {"accuracy_gap_high_ppm": max(0, int(found.high * PPM))}


def risks(measurements: tuple[Measurement, ...]) -> Iterator[Risk]:
    """Gaps that are there for sure."""
    for found in measurements:
        if found.name.endswith("_gap") and found.low > _NOTICE:
            title = found.name.removesuffix("_gap").replace("_", " ")
            yield Risk(f"one group's {title} is worse", found, found.value, _MEND)


ATTACK: Final = Attack(
    "FAI001", "fairness", "trust.bias", "fairness", applies, run, facts, risks
)
