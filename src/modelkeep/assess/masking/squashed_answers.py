"""The module answers probabilities: where they saturate, so does every loss on them.

Source: Croce and Hein, ICML 2020 (AutoAttack's flags: softmax in place of logits).
"""

from __future__ import annotations

from modelkeep.assess.masking.probe import Probe


def fires(probe: Probe) -> str | None:
    """Probabilities in place of logits."""
    return "the module answers probabilities, not logits" if probe.probabilities else None
