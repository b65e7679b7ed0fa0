"""Shapes of the predicates about what was measured on live models."""

from __future__ import annotations

from typing import Any, Literal

from modelkeep.core import Measurement, NotChecked
from modelkeep.evidence.predicate import Predicate


class Measurements(Predicate, frozen=True, kw_only=True):
    """Numbers measured on a live model, and what they were measured with."""

    tool: str
    measurements: list[Measurement]
    not_checked: list[NotChecked]
    materials: list[dict[str, Any]]


class TestResult(Predicate, frozen=True, kw_only=True):
    """In-toto test-result: the run as a whole."""

    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: list[dict[str, Any]]
    passedTests: list[str]  # noqa: N815
    warnedTests: list[str]  # noqa: N815
    failedTests: list[str]  # noqa: N815
