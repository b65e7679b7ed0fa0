"""One step breaks points that twenty do not: the way there is not smooth.

Source: Tramèr et al., ICLR 2018 (curved losses near the data).
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe

_TOLERATED = 0.1  # share of points


def fires(probe: Probe) -> str | None:
    """One step beats iteration."""
    share = float((probe.one_step & ~(probe.entropy | probe.margin)).mean())
    return (
        f"one step breaks {share:.0%} that iteration does not" if share > _TOLERATED else None
    )
