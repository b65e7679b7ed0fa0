"""Trigger rules: a few items whose rows are of one class against a blind expectation.

The idea and the search are told in ``rule_search``; ``rule_groups`` judges what was
found by leaving the group out.

Sources: own design, after Klösgen 1996 (subgroup discovery) and Cook and Weisberg 1982
(deletion of several cases).
"""

from __future__ import annotations

from typing import Final

from modelkeep.data.poison.interface import Context, Detector, Scores
from modelkeep.data.poison.rule_groups import judge_candidates, spread
from modelkeep.data.poison.rule_search import search_rules

_MOST: Final = 1000  # columns


def applies(context: Context) -> str | None:
    """The search grows with the columns; of very many it would not end."""
    count = len(context.data.columns)
    return None if count <= _MOST else f"{count} columns, searched are up to {_MOST}"


def run(context: Context) -> Scores:
    """Score rows by the strongest trigger rule that covers them."""
    groups = judge_candidates(context, search_rules(context))
    return Scores(spread(context, groups), "covered by a trigger rule", groups, nats=True)


DETECTOR: Final = Detector("POI101", "item-trigger", "trigger", run, applies=applies)
