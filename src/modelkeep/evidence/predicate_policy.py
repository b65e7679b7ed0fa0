"""Shape of the predicate about what a gate decided."""

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
