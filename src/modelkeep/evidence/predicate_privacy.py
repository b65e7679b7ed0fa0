"""Shapes of the predicates about the privacy budget of a data set."""

from __future__ import annotations

from modelkeep.evidence.predicate import Predicate


class PrivacyBudget(Predicate, frozen=True, kw_only=True):
    """How much all trainings and releases together may give away; a later one replaces it."""

    epsilon: float
    delta: float
    reason: str


class PrivacyCharge(Predicate, frozen=True, kw_only=True):
    """A training or release that may have happened: recorded before it starts.

    ``mechanisms`` holds noise, rate and steps of Poisson-sampled Gaussian mechanisms; where it
    is empty, ``epsilon`` and ``delta`` are what somebody claims for a release made elsewhere.
    """

    tool: str
    purpose: str
    unit: str
    epsilon: float
    delta: float
    mechanisms: list[dict[str, float]]
