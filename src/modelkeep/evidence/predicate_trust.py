"""Shapes of the predicates about signatures, materials and keys."""

from __future__ import annotations

from typing import Any

from modelkeep.evidence.predicate import Predicate, Verifier


class SignatureResult(Predicate, frozen=True, kw_only=True):
    """In-toto SVR: which properties of the model's signature hold."""

    verifier: Verifier
    timeCreated: str  # noqa: N815 - the field's name in the predicate
    properties: list[str]


class BillOfMaterials(Predicate, frozen=True, kw_only=True):
    """A CycloneDX document."""

    bom: dict[str, Any]


class Upgrade(Predicate, frozen=True, kw_only=True):
    """A keep lets its own key assert predicates that are newer than the keep."""

    tool: str
    granted: list[str]


class Revocation(Predicate, frozen=True, kw_only=True):
    """A key's statements issued from ``since`` on do not count.

    ``entries`` of ``log`` were there before that moment; what stands behind them was
    logged later, whatever time it states.
    """

    name: str
    since: str
    reason: str
    log: str
    entries: int
