"""How much may be asked: rows per second and requests at a time, per principal and in all.

The narrower limit is asked first, and nothing is booked before all admit it, so that who
is over their own limit spends nothing of what others share.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from modelkeep.gateway.config import Serving
from modelkeep.gateway.interface import Principal
from modelkeep.gateway.rates import Rate
from modelkeep.gateway.refusal import RefusalError


@dataclass(slots=True)
class Limits:
    """The limits of one gateway."""

    serving: Serving
    principal: Rate
    tenant: Rate
    everybody: Rate
    _running: int = 0
    _of: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def running(self, principal: Principal) -> Iterator[None]:
        """Hold a place among the requests that run.

        Raises:
            RefusalError: (429, 503) there is none.
        """
        own = self._of.get(principal.id, 0)
        if own >= self.serving.principal_concurrency:
            raise RefusalError(
                429, "limits.concurrency", "too many requests at a time", retry_after=1.0
            )
        if self._running >= self.serving.concurrency:
            raise RefusalError(503, "limits.busy", "the gateway is busy", retry_after=1.0)
        self._of[principal.id] = own + 1
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            left = self._of[principal.id] - 1
            if left:
                self._of[principal.id] = left
            else:
                del self._of[principal.id]

    def spend(self, principal: Principal, rows: int, now: float) -> None:
        """Book the rows of a request.

        Raises:
            RefusalError: (429) a rate does not admit them now, or (413) ever.
        """
        asked = (
            (self.principal, principal.id),
            (self.tenant, principal.tenant),
            (self.everybody, ""),
        )
        for rate, key in asked:
            wait = rate.wait(key, rows, now)
            if wait == float("inf"):
                raise RefusalError(413, "limits.batch", "more rows than any burst allows")
            if wait > 0:
                raise RefusalError(
                    429, "limits.rate", "too many rows per second", retry_after=wait
                )
        for rate, key in asked:
            rate.spend(key, rows, now)


def make_limits(serving: Serving) -> Limits:
    """Limits as the settings say."""
    rates = (serving.principal_rows, serving.tenant_rows, serving.global_rows)
    made = [Rate(rate, max(1.0, rate * serving.burst_seconds)) for rate in rates]
    return Limits(serving, made[0], made[1], made[2])
