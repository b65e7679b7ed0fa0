"""What our predicates have in common, whatever they are about."""

from __future__ import annotations

import msgspec

FactValue = int | bool


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all our predicates carry: when issued, until when good, which facts."""

    issued: str
    expires: str
    facts: dict[str, FactValue]


class Verifier(msgspec.Struct, frozen=True):
    """Who verified."""

    id: str
