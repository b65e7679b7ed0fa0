"""Shapes of the predicates about the stages of a version's life."""

from __future__ import annotations

from typing import Any

import msgspec

from modelkeep.evidence.predicate import Predicate


class Stage(Predicate, frozen=True, kw_only=True):
    """A version of a model enters a stage of its life; ``rests_on`` says by what right."""

    name: str
    before: str
    after: str
    reason: str
    rests_on: list[str]
    files: list[dict[str, Any]] = msgspec.field(default_factory=list)
    break_glass: dict[str, str] = msgspec.field(default_factory=dict)


class Approval(Predicate, frozen=True, kw_only=True):
    """Somebody agrees that a version enters a stage."""

    name: str
    stage: str
    reason: str


class Supersession(Predicate, frozen=True, kw_only=True):
    """A deployed version takes the place of this one, or gives it back (``superseded``)."""

    name: str
    by: str
    reason: str
