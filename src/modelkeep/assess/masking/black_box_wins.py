"""A search without gradients breaks points that gradients do not: the gradients mislead.

Source: Athalye et al., ICML 2018; Croce and Hein, ICML 2020 (Square as a check).
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe

_TOLERATED = 0.1  # share of points


def fires(probe: Probe) -> str | None:
    """Black box beats white box on the same points."""
    share = float((probe.black_box & ~(probe.margin | probe.entropy)).mean())
    if share <= _TOLERATED:
        return None
    return f"a black-box search breaks {share:.0%} that gradients do not"
