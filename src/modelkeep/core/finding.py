"""What a rule says about an artifact: a rule, a place, a fact, a remedy."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import msgspec

from modelkeep.core.ordered import OrderedEnum
from modelkeep.core.text import printable


class Severity(OrderedEnum):
    """How bad it would be, ordered so that ``max()`` means the worst."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


class Confidence(OrderedEnum):
    """How sure the rule is, kept apart from how bad it would be."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Rule(msgspec.Struct, frozen=True):
    """One check, described once; docs, SARIF and ``explain`` are made from it.

    Attributes:
        id: short and permanent, such as ``PKL001``.
        name: kebab-case, for people.
        summary: what it means when it fires, one sentence.
        remedy: what mends it: a command that exists, or plain words.
        topic: key of the finding type in the taxonomy (``core.taxonomy``).
        tags: further ids, such as CWE numbers.
    """

    id: str
    name: str
    summary: str
    remedy: str
    topic: str
    tags: tuple[str, ...] = ()


class Location(msgspec.Struct, frozen=True):
    """A place: ``path`` within the root, archive ``member``, byte ``offset`` in it."""

    path: str
    member: str | None = None
    offset: int | None = None

    def __str__(self) -> str:
        place = self.path if self.member is None else f"{self.path}!{self.member}"
        return place if self.offset is None else f"{place} @ {self.offset:#x}"


class Finding(msgspec.Struct, frozen=True):
    """One observation by one rule at one place."""

    rule: Rule
    severity: Severity
    confidence: Confidence
    message: str
    location: Location
    evidence: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])

    @property
    def fingerprint(self) -> str:
        """Stable across runs and edits elsewhere in the file: 16 hex digits."""
        parts = [self.rule.id, self.location.path, self.location.member or ""]
        parts += [f"{key}={self.evidence[key]}" for key in sorted(self.evidence)]
        return hashlib.sha256(printable("\0".join(parts)).encode()).hexdigest()[:16]
