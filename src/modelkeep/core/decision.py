"""What a gate answers."""

from __future__ import annotations

import msgspec


class Missing(msgspec.Struct, frozen=True):
    """A condition that does not hold.

    Attributes:
        id: the condition's id in the policy file.
        says: why that is bad, in words.
        mend: a command that exists, or plain words.
        absent: facts the condition needs and nobody proved.
    """

    id: str
    says: str
    mend: str
    absent: tuple[str, ...] = ()


class Decision(msgspec.Struct, frozen=True):
    """The answer of a gate.

    Attributes:
        action: what was asked for.
        allowed: Cedar said Allow and no policy raised an error.
        policy: sha256 of the policy, its schema and the thresholds.
        profile: which policy file.
        missing: conditions that do not hold, by id.
        errors: what Cedar could not evaluate.
    """

    action: str
    allowed: bool
    policy: str
    profile: str
    missing: tuple[Missing, ...] = ()
    errors: tuple[str, ...] = ()
