"""Backdoors: triggers a model was taught, looked for without its training data."""

from modelkeep.assess.backdoor.planted_trigger import ATTACK, FAMILIES, Inspection, inspect
from modelkeep.assess.backdoor.suspicion import THRESHOLD, Suspicion

__all__ = ["ATTACK", "FAMILIES", "THRESHOLD", "Inspection", "Suspicion", "inspect"]
