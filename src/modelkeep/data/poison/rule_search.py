"""Candidates for a trigger: rules whose rows are of one class more often than they should.

What "should" means decides whether the search works. The expectation here is *blind*:
for a rule over some columns (blocks), that of models which were shown half of the parts
and none of the rule's. A model that sees the trigger expects the backdoor and finds
nothing odd; the share of the class alone finds odd whatever really tells the classes
apart. Rules grow one term at a time, the best few dozen at each length (beam search, as
in subgroup discovery), so that a trigger of three everyday values is found although each
value alone is common.

Of texts, phrases are candidates that go with a class more often than the class is
frequent, or more often than a linear model expects that ignores the phrase's own words.
``rule_groups`` judges all of them afterwards.

Sources: Klösgen, "Explora", 1996, and Atzmueller, "Subgroup discovery", 2015 (beam
search for deviating subgroups); the blind expectation is this project's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from modelkeep.data.poison.blind_views import FLOOR, Blind, blind_views
from modelkeep.data.poison.interface import LEAST, Context
from modelkeep.data.poison.items import Items, list_items
from modelkeep.data.poison.patterns import Pattern
from modelkeep.data.poison.word_weights import expected_without

_BEAM: Final = 120
_KINDRED: Final = 4  # rules of the beam that may look at the same parts
_TERMS: Final = 3
_LARGEST: Final = 0.25  # share of the rows; more is a population, not a trigger
_LEAST_SHARE: Final = 0.002
_PHRASES: Final = 150  # candidates of each class by either expectation


@dataclass(frozen=True, slots=True)
class Candidate:
    """Rows to be judged, the class (by place) they push, and the rule that covers them.

    ``within_class`` says that they were picked among the rows of that class.
    """

    pattern: Pattern | None
    label: int
    rows: np.ndarray
    within_class: bool = False


def search_rules(context: Context) -> Iterator[Candidate]:
    """Candidates of every class, best first within a class."""
    least = max(LEAST, int(_LEAST_SHARE * len(context)))
    items = list_items(context.data, least)
    if not items.terms:
        return
    if context.data.kind == "text":
        yield from _phrases(context, items)
        return
    blind = blind_views(context)
    for label in range(len(context.classes)):
        yield from _beam(items, blind, label, least)


def _phrases(context: Context, items: Items) -> Iterator[Candidate]:
    counts = np.asarray(items.table.sum(axis=0)).ravel()
    without = expected_without(context, items)
    for label in range(len(context.classes)):
        own = (context.targets == label).astype(np.float32)
        share = np.asarray(items.table.T @ own).ravel() / counts
        seen: set[bytes] = set()
        for expected in (np.full(len(counts), own.mean()), without[:, label]):
            nats = surprise(share, expected, counts)
            for item in np.argsort(-nats, kind="stable")[:_PHRASES]:
                rows = items.rows_of(item)
                if nats[item] > 0 and rows.tobytes() not in seen:
                    seen.add(rows.tobytes())
                    if len(rows) <= _LARGEST * len(context):
                        yield Candidate(Pattern((items.terms[item],)), label, rows)


def surprise(share: np.ndarray, expected: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Nats of evidence that a share in ``count`` rows is above its expectation, else 0."""
    p = np.clip(expected.astype(np.float64), FLOOR, 1 - FLOOR)
    q = np.clip(share.astype(np.float64), 1e-9, 1 - 1e-9)
    nats = count * (q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p)))
    return np.asarray(np.where(q > p, nats, 0.0))


def _beam(items: Items, blind: Blind, label: int, least: int) -> Iterator[Candidate]:
    """Rules of one, two and three terms; each of the best is grown by every item."""
    n = items.table.shape[0]
    unseen = ~blind.shown[:, np.maximum(items.parts, 0)]  # (views, items)
    missed, doubt = blind.missed[:, :, label].T, blind.doubt[:, :, label].T  # (n, views)
    rules = [_Rule((), np.arange(n), 0.0)]
    for _ in range(_TERMS):
        grown = []
        for rule in rules:
            odd = _oddness(items, unseen, rule, missed, doubt, least)
            for item in np.argsort(-odd, kind="stable")[:_BEAM]:
                if odd[item] <= rule.odd:  # the longer rule must say more than the shorter
                    break
                rows = np.intersect1d(rule.rows, items.rows_of(item), assume_unique=True)
                grown.append(_Rule((*rule.items, int(item)), rows, float(odd[item])))
        rules = _best(grown, items)
        for rule in rules:
            if len(rule.rows) <= _LARGEST * n:
                terms = tuple(items.terms[item] for item in rule.items)
                yield Candidate(Pattern(terms), label, rule.rows)


@dataclass(frozen=True, slots=True)
class _Rule:
    items: tuple[int, ...]
    rows: np.ndarray
    odd: float


def _best(grown: list[_Rule], items: Items) -> list[_Rule]:
    """The oddest, of rules over the same parts only a few, none twice."""
    kept: list[_Rule] = []
    seen: set[bytes] = set()
    kin: Counter[tuple[int, ...]] = Counter()
    for rule in sorted(grown, key=lambda rule: -rule.odd):
        parts = tuple(sorted(int(items.parts[item]) for item in rule.items))
        if rule.rows.tobytes() in seen or kin[parts] == _KINDRED:
            continue
        seen.add(rule.rows.tobytes())
        kin[parts] += 1
        kept.append(rule)
        if len(kept) == _BEAM:
            break
    return kept


def _oddness(
    items: Items,
    unseen: np.ndarray,
    rule: _Rule,
    missed: np.ndarray,
    doubt: np.ndarray,
    least: int,
) -> np.ndarray:
    """How far each longer rule's rows miss what blind views expect, in deviations."""
    rows = rule.rows
    table = items.table if not rule.items else items.by_row[rows]
    blind = unseen.copy()
    for item in rule.items:
        blind &= unseen[:, item][:, None]
    weights = blind.T / np.maximum(blind.sum(axis=0), 1)[:, None]  # (items, views)
    both = np.concatenate([missed[rows], doubt[rows], np.ones((len(rows), 1))], axis=1)
    sums = np.asarray(table.T @ both)
    views = missed.shape[1]
    excess = (weights * sums[:, :views]).sum(axis=1)
    spread = (weights * sums[:, views : 2 * views]).sum(axis=1)
    odd = excess / np.sqrt(spread + 1e-6)
    odd[sums[:, -1] < least] = 0
    odd[list(rule.items)] = 0
    return np.asarray(odd)
