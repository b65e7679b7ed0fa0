"""Shapes of the predicates that a gateway writes."""

from __future__ import annotations

from typing import Any

from modelkeep.evidence.predicate import Predicate


class Requests(Predicate, frozen=True, kw_only=True):
    """A batch of requests that a gateway answered or refused."""

    tool: str
    requests: list[dict[str, Any]]


class Hold(Predicate, frozen=True, kw_only=True):
    """An operator stops a model from being served, or lets it go on: the kill switch."""

    name: str
    reason: str
