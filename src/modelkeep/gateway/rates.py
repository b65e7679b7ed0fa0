"""Rate limits: the generic cell rate algorithm, one number per key, weighted by cost.

Each key has a theoretical arrival time; a request of a cost moves it on by the cost's
time, and is refused while that would lie further ahead than the burst allows.

Source: ITU-T I.371, annex A (generic cell rate algorithm, virtual scheduling form).
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Rate:
    """A limit of ``per_second`` on average and ``burst`` at once, per key.

    Attributes:
        per_second: cost per second, above 0.
        burst: cost that may come at once, at least 1.
    """

    per_second: float
    burst: float
    _due: dict[str, float] = field(default_factory=dict)
    _swept: float = 0.0

    def wait(self, key: str, cost: float, now: float) -> float:
        """Seconds until a cost would be admitted: 0 if now, infinite if never."""
        if cost > self.burst:
            return float("inf")
        ahead = max(self._due.get(key, now), now) + cost / self.per_second
        return max(0.0, ahead - now - self.burst / self.per_second)

    def spend(self, key: str, cost: float, now: float) -> None:
        """Book a cost that was admitted."""
        self._due[key] = max(self._due.get(key, now), now) + cost / self.per_second
        if now - self._swept > 60.0:  # noqa: PLR2004 - a minute: memory follows who is there
            self._swept = now
            self._due = {name: due for name, due in self._due.items() if due > now}
