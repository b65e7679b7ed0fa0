"""No gradient at all: rounding, a saturated output, a step that cuts the graph.

Source: Athalye et al., ICML 2018 (shattered gradients).
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe

_TOLERATED = 0.1  # share of points


def fires(probe: Probe) -> str | None:
    """The gradient is exactly zero or absent on more points than chance explains."""
    share = float(probe.dead.mean())
    return f"no gradient on {share:.0%} of the points" if share > _TOLERATED else None
