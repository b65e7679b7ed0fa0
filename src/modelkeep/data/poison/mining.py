"""From the rows of a group to the rule that finds the others, and the trigger it stamps.

Two patterns come of one group. The *rule* is as short as it can be and still hold for
nearly all of its rows and few others: rows are removed by it. The *trigger* is everything
the rows share that other rows do not: it is stamped on clean rows to measure what the
backdoor does. A sentence may be found by three of its words and is stamped whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from modelkeep.data.poison.interface import Context, Group
from modelkeep.data.poison.items import Items
from modelkeep.data.poison.patterns import Overlay, Pattern, Phrase, Range

_RECALL: Final = 0.85  # a shared item holds for at least so many of a group's rows
_PRECISION: Final = 0.7
_LIFT: Final = 3.0
_RULE: Final = 4  # terms
_TRIGGER: Final = {"tabular": 6, "text": 8, "image": 60}


@dataclass(frozen=True, slots=True)
class Mined:
    """A group with what was mined from it.

    Attributes:
        group: its rows, by the rule if there is one.
        trigger: everything the rows share, to be stamped; ``None`` if they share nothing.
    """

    group: Group
    trigger: Pattern | None


def mine(context: Context, group: Group, items: Items) -> Mined:
    """Find the rule and the trigger of a group.

    Args:
        context: the rows.
        group: which of them.
        items: everything that can be said of the rows (``list_items``).
    """
    inside = np.zeros(len(context))
    inside[group.rows] = 1
    held = np.asarray(items.table.T @ inside).ravel() / max(len(group.rows), 1)
    sizes = np.asarray(items.table.sum(axis=0)).ravel() / len(context)
    lift = held / np.maximum(sizes, 1e-9)
    shared = np.flatnonzero((held >= _RECALL) & (lift >= _LIFT))
    shared = shared[np.argsort(-lift[shared] * held[shared], kind="stable")]
    trigger = _trigger(context, items, shared)
    if group.pattern is not None:
        whole = any(isinstance(term, Overlay) for term in group.pattern.terms)
        return Mined(group, group.pattern if whole else trigger or group.pattern)
    rule = _rule(items, shared, group.rows)
    if rule is None:
        return Mined(group, trigger)
    rows = np.flatnonzero(rule.covers(context.data))
    if group.label:
        rows = rows[context.targets[rows] == context.classes.index(group.label)]
    return Mined(Group(rows, group.label, group.why, rule, group.strength), trigger)


def _rule(items: Items, shared: np.ndarray, rows: np.ndarray) -> Pattern | None:
    """The fewest shared items that together hold for the group and few others."""
    terms: list[Any] = []
    covered: np.ndarray | None = None
    for item in shared:
        holds = items.rows_of(int(item))
        narrowed = holds if covered is None else np.intersect1d(covered, holds)
        hit = len(np.intersect1d(narrowed, rows, assume_unique=True))
        if hit < _RECALL * len(rows):
            continue
        if covered is not None and len(narrowed) > 0.9 * len(covered):
            continue
        covered, terms = narrowed, [*terms, items.terms[int(item)]]
        if hit >= _PRECISION * len(narrowed):
            return Pattern(tuple(terms))
        if len(terms) == _RULE:
            break
    return None


def _trigger(context: Context, items: Items, shared: np.ndarray) -> Pattern | None:
    """Shared items, of each column or phrase only the best."""
    terms: list[Any] = []
    taken: set[object] = set()
    if context.data.kind == "text":  # longer phrases first: their parts come with them
        shared = np.array(
            sorted(shared, key=lambda item: -_length(items.terms[item])), dtype=int
        )
    for item in shared:
        term = items.terms[int(item)]
        keys = _keys(term)
        if keys <= taken:
            continue
        taken |= keys
        terms.append(term)
        if len(terms) == _TRIGGER[context.data.kind]:
            break
    return Pattern(tuple(terms)) if terms else None


def _length(term: object) -> int:
    return len(term.words) if isinstance(term, Phrase) else 0


def _keys(term: Any) -> set[object]:  # noqa: ANN401 - any term
    """What a term takes up: words, a column, or itself."""
    if isinstance(term, Phrase):
        return set(term.words)
    return {term.column} if isinstance(term, Range) else {term}
