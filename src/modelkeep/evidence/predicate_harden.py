"""Shape of the predicate about a model changed to withstand an attack."""

from __future__ import annotations

from typing import Any

import msgspec

from modelkeep.core import Measurement
from modelkeep.evidence.predicate import Predicate


class Hardening(Predicate, frozen=True, kw_only=True):
    """What a model was changed from, how, and what the change was worth."""

    tool: str
    defence: str
    gained: bool
    changed_from: dict[str, Any]
    materials: list[dict[str, Any]]
    before: list[Measurement]
    after: list[Measurement]
    notes: list[str]
    claim: dict[str, Any] = msgspec.field(default_factory=dict)
