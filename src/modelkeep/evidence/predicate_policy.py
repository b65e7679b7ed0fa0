"""Shapes of the predicates about what a gate decided, and who may do what."""

from __future__ import annotations

from typing import Any, Literal

from modelkeep.evidence.predicate import Predicate, Verifier


class Decision(Predicate, frozen=True, kw_only=True):
    """SLSA verification summary: what a gate decided, from what, by which policy."""

    verifier: Verifier
    timeVerified: str  # noqa: N815
    resourceUri: str  # noqa: N815
    policy: dict[str, Any]
    inputAttestations: list[dict[str, Any]]  # noqa: N815
    verificationResult: Literal["PASSED", "FAILED"]  # noqa: N815
    verifiedLevels: list[str]  # noqa: N815
    action: str
    principal: str
    context: dict[str, Any]
    missing: list[str]
    errors: list[str]


class Access(Predicate, frozen=True, kw_only=True):
    """A principal gets a role or loses it, on everything or on one subject.

    ``by`` acted; where another key than the keep's signed, its signer did.
    """

    change: Literal["grant", "revoke"]
    principal: str
    role: str
    resource: str
    by: str
    reason: str


class AccessUse(Predicate, frozen=True, kw_only=True):
    """A principal asked to do something with a model or data set, and the answer."""

    principal: str
    roles: list[str]
    action: str
    kind: Literal["model", "dataset"]
    owner: str
    stage: str
    sound: bool
    allowed: bool
    grants: list[str]
