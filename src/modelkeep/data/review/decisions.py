"""What reviewers decided, and what may be done after it.

Every decision stands in the log and none is ever changed; of one reviewer on one group
the last counts. A removal beyond the limit needs two reviewers who agree, and the share
counts all groups together, so that a large removal cannot be cut into small ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import msgspec

Choice = Literal["keep", "relabel", "quarantine", "escalate"]
CHOICES: Final[tuple[Choice, ...]] = ("keep", "relabel", "quarantine", "escalate")
Standing = Literal["open", "waiting", "disputed", "escalated", "kept", "approved"]
TWO: Final = 2


class ReviewDecision(msgspec.Struct, frozen=True):
    """One reviewer's word on one group.

    Attributes:
        group: the group's id.
        choice: keep the rows, relabel them, quarantine them, or ask somebody else.
        reviewer: who decided.
        reason: in the reviewer's words.
    """

    group: str
    choice: Choice
    reviewer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """What holds for a group: its standing, and the choice if it is approved or waits."""

    standing: Standing
    choice: Choice | None = None
    reviewers: tuple[str, ...] = ()


def rule_on(decisions: Iterable[ReviewDecision], group: str, *, needed: int) -> Ruling:
    """Where a group stands.

    Args:
        decisions: of all groups, oldest first.
        group: the group's id.
        needed: how many reviewers must agree on a change; at least one.
    """
    last: dict[str, Choice] = {}
    for decision in decisions:
        if decision.group == group:
            last[decision.reviewer.strip().casefold()] = decision.choice
    names = tuple(sorted(last))
    choices = set(last.values())
    if not choices:
        return Ruling("open")
    if "escalate" in choices:
        return Ruling("escalated", reviewers=names)
    if len(choices) > 1:
        return Ruling("disputed", reviewers=names)
    choice = choices.pop()
    if choice == "keep":
        return Ruling("kept", choice, names)
    standing: Standing = "approved" if len(last) >= max(needed, 1) else "waiting"
    return Ruling(standing, choice, names)


@dataclass(frozen=True, slots=True)
class Removal:
    """What may be applied.

    Attributes:
        apply: choice by group id, for the groups that may be changed now.
        missing: why each other proposed group may not, by id.
        share: share of all rows that the changes touch if all were applied.
        needed: how many reviewers each needs; 0 within the limit.
    """

    apply: dict[str, Choice]
    missing: dict[str, str]
    share: float
    needed: int


def plan_removal(
    groups: Mapping[str, frozenset[int]],
    proposed: Iterable[str],
    decisions: Iterable[ReviewDecision],
    *,
    rows: int,
    limit: float,
) -> Removal:
    """Which groups may be changed.

    Args:
        groups: rows of each group by id.
        proposed: ids of those whose removal is advised.
        decisions: of the reviewers, oldest first.
        rows: how many rows there are.
        limit: share of the rows above which two reviewers must agree.
    """
    said = [decision for decision in decisions if decision.group in groups]
    advised = set(proposed)
    rulings = {group: rule_on(said, group, needed=TWO) for group in groups}
    wanted = {
        group
        for group, ruling in rulings.items()
        if ruling.standing in {"approved", "waiting"}
        or (ruling.standing == "open" and group in advised)
    }
    touched: set[int] = set().union(*(groups[group] for group in wanted))
    share = len(touched) / max(rows, 1)
    needed = TWO if share > limit else 0
    apply: dict[str, Choice] = {}
    missing: dict[str, str] = {}
    for group in sorted(wanted | (advised - {g for g in advised if g not in groups})):
        ruling = rulings[group]
        if ruling.standing in {"escalated", "disputed"}:
            missing[group] = f"{ruling.standing} by {', '.join(ruling.reviewers)}"
        elif group not in wanted:
            continue  # kept
        elif len(ruling.reviewers) >= needed:
            apply[group] = ruling.choice or "quarantine"
        else:
            missing[group] = f"{len(ruling.reviewers)} of {needed} reviewers have approved"
    return Removal(apply, missing, share, needed)
