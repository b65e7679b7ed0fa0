"""An attack that may change everything must always win; if it fails, it was blinded.

Source: Athalye et al., ICML 2018; Carlini et al. 2019.
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe

_TOLERATED = 0.1  # share of points left standing; chance starts may fail on few


def fires(probe: Probe) -> str | None:
    """Points stand even though the whole range of the data is allowed."""
    left = float((~probe.unbounded).mean())
    return f"{left:.0%} stand under an unbounded attack" if left > _TOLERATED else None
