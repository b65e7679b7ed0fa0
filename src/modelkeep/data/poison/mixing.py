"""Whether the rows of a group, without what makes them one, lie among rows of other classes.

An attacker takes rows here and there and stamps them. Hide the stamp, and they lie
scattered among the rows they were taken from, which carry other labels. A natural group
(a kind of attack in traffic, a topic) is a cluster by everything it has: hide the rule
that found it, and its rows are still nearest to one another, or to others of their class.
Models cannot tell the two apart, since leaving out a whole cluster leaves nobody to say
what it should be.

What is hidden: of a table the columns of the rule, of images the blocks it looks at; of
texts, and of groups that no rule made, the direction in which the group lies.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from modelkeep.data.poison.interface import Context
from modelkeep.data.poison.patterns import Pixel, Range
from modelkeep.data.poison.rule_search import Candidate
from modelkeep.data.poison.views import blocks_of, parts_of, plain_rows

_LOOKED_AT: Final = 100  # rows of a group
_NEAR: Final = 10
_OUTSIDE: Final = 0.5  # share of near rows that must not be of the group


def mixes_elsewhere(context: Context, candidate: Candidate) -> bool:
    """Whether most near rows are not of the group, and seldom of the class it pushes."""
    space = _without_rule(context, candidate)
    some = candidate.rows[:: max(1, len(candidate.rows) // _LOOKED_AT)]
    apart = (
        np.square(space[some]).sum(axis=1)[:, None]
        + np.square(space).sum(axis=1)
        - 2 * space[some] @ space.T
    )
    apart[np.arange(len(some)), some] = np.inf
    near = np.argpartition(apart, min(_NEAR, len(space) - 2), axis=1)[:, :_NEAR]
    outside = ~np.isin(near, candidate.rows)
    if outside.mean() < _OUTSIDE:
        return False
    rest = np.ones(len(context), dtype=bool)
    rest[candidate.rows] = False
    own = float((context.targets[near][outside] == candidate.label).mean())
    return own < float((context.targets[rest] == candidate.label).mean())


def _without_rule(context: Context, candidate: Candidate) -> np.ndarray:
    shown = np.ones(parts_of(context.data), dtype=bool) if _has_parts(context) else None
    if shown is not None and candidate.pattern is not None:
        for term in candidate.pattern.terms:
            if isinstance(term, Range):
                shown[term.column] = False
            elif isinstance(term, Pixel):
                blocks = blocks_of(*context.data.rows.shape[2:])
                shown[blocks[term.down, term.across]] = False
        if not shown.all() and shown.any():
            return plain_rows(context.data, shown)
    features = context.features
    inside = np.zeros(len(features), dtype=bool)
    inside[candidate.rows] = True
    toward = features[inside].mean(axis=0) - features[~inside].mean(axis=0)
    toward /= np.linalg.norm(toward) + 1e-9
    rest = features - np.outer(features @ toward, toward)
    # A long trigger leaves little of the rest: what matters is where it points.
    return np.asarray(rest / np.maximum(np.linalg.norm(rest, axis=1, keepdims=True), 1e-9))


def _has_parts(context: Context) -> bool:
    return context.data.kind != "text"
