"""Gradient masking: robustness that is only a blinded attack."""

from modelkeep.assess.masking.masking import ATTACK, INDICATORS, judge
from modelkeep.assess.masking.probe import Probe, make_probe

__all__ = ["ATTACK", "INDICATORS", "Probe", "judge", "make_probe"]
