"""What the runtime noticed, as findings: one per rule, model and principal, counted.

An alarm says that a stream is not like the one it is compared with. That is a drift, a
mistake or an attack; somebody decides which, so an alarm by itself blocks nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from modelkeep.core import Confidence, Finding, Location, Rule, Severity
from modelkeep.evidence import Clock, timestamp

_MOST: Final = 1000  # alarms kept; the oldest go first


@dataclass(slots=True)
class _Alarm:
    finding: Finding
    first: str
    last: str
    times: int = 1


@dataclass(slots=True)
class Alarms:
    """The alarms of one gateway.

    Attributes:
        clock: gives the time.
    """

    clock: Clock
    _known: dict[tuple[str, str, str], _Alarm] = field(default_factory=dict)

    def ring(self, rule: Rule, severity: Severity, model: str, who: str, message: str) -> bool:
        """Note an alarm; whether it is a new one.

        Args:
            rule: what fired.
            severity: how bad it would be.
            model: name it is about.
            who: id of the principal; empty where none is meant.
            message: what was seen, without anything a client sent.
        """
        now = timestamp(self.clock())
        key = (rule.id, model, who)
        known = self._known.get(key)
        if known is not None:
            known.times += 1
            known.last = now
            return False
        if len(self._known) >= _MOST:
            del self._known[next(iter(self._known))]
        place = Location(model, who or None)
        finding = Finding(rule, severity, Confidence.MEDIUM, message, place, {"principal": who})
        self._known[key] = _Alarm(finding, now, now)
        return True

    def listed(self) -> list[dict[str, Any]]:
        """Every alarm, oldest first, ready for JSON."""
        return [
            {
                **msgspec.to_builtins(alarm.finding),
                "first": alarm.first,
                "last": alarm.last,
                "times": alarm.times,
            }
            for alarm in self._known.values()
        ]

    def __len__(self) -> int:
        return len(self._known)
