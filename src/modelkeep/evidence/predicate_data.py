"""Shapes of the predicates about data sets: sealed, checked, examined and changed."""

from __future__ import annotations

from typing import Any, Literal

from modelkeep.core import Measurement, NotChecked
from modelkeep.evidence.predicate import Predicate


class DataSeal(Predicate, frozen=True, kw_only=True):
    """A data set's manifest by its digest, and what the manifest says in short."""

    tool: str
    manifest_sha256: str
    root: str
    rows: int
    files: int
    classes: int
    source: str
    licence: str


class DataCheck(Predicate, frozen=True, kw_only=True):
    """Rules of a schema, and drift against a reference, over every row of a data set."""

    tool: str
    verdict: str
    schema_sha256: str
    reference_sha256: str
    results: list[dict[str, Any]]
    drift: list[dict[str, Any]]
    alarm: float
    least: float
    not_checked: list[NotChecked]


class DataPoison(Predicate, frozen=True, kw_only=True):
    """What was found in a data set, its power on this data, and the queue for reviewers.

    ``controls_sha256`` binds what should be said of the made-up groups in the queue.
    """

    tool: str
    recipe: str
    rows: int
    families: list[dict[str, Any]]
    groups: list[dict[str, Any]]
    controls_sha256: str
    measurements: list[Measurement]
    not_checked: list[NotChecked]


class DataReview(Predicate, frozen=True, kw_only=True):
    """One reviewer's word on one group of a data set, or of made-up rows."""

    group: str
    choice: Literal["keep", "relabel", "quarantine", "escalate"]
    reviewer: str
    account: str
    reason: str
    queue: str


class DataDerivation(Predicate, frozen=True, kw_only=True):
    """A data set made from others: by which step, of which materials, by whose leave."""

    tool: str
    step: str
    materials: list[dict[str, Any]]
    parameters: dict[str, Any]
    rests_on: list[str]
