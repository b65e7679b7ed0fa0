"""Answers that differ from run to run: one gradient says little about the next answer.

Source: Athalye et al., ICML 2018 (stochastic gradients).
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe


def fires(probe: Probe) -> str | None:
    """The same points get different logits."""
    return "the answers vary from run to run" if probe.varies else None
