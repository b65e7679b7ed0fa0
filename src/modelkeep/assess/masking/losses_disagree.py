"""Cross-entropy fails where the logit margin succeeds: the output is saturated.

Source: Carlini and Wagner, S&P 2017 (distillation falls to the margin loss).
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe

_TOLERATED = 0.2  # share of points; the margin is a little stronger on honest models, too


def fires(probe: Probe) -> str | None:
    """The margin breaks many points that cross-entropy does not."""
    share = float(probe.margin.mean()) - float(probe.entropy.mean())
    return f"the margin breaks {share:.0%} more than entropy" if share > _TOLERATED else None
