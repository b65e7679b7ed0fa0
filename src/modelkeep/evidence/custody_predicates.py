"""Shapes of what is said about keys, stages of versions, and who may do what."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from modelkeep.evidence.predicate import Predicate


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
