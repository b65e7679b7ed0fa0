"""Backdoors: triggers a model was taught, looked for without its training data."""

from modelkeep.assess.backdoor.interface import Family, Parameters, Triggers
from modelkeep.assess.backdoor.planted_trigger import (
    ATTACK,
    FAMILIES,
    STEPS,
    Inspection,
    inspect,
)
from modelkeep.assess.backdoor.reconstruction import reconstruct
from modelkeep.assess.backdoor.scaling import Scale, scale_of
from modelkeep.assess.backdoor.suspicion import THRESHOLD, Suspicion

__all__ = [
    "ATTACK",
    "FAMILIES",
    "STEPS",
    "THRESHOLD",
    "Family",
    "Inspection",
    "Parameters",
    "Scale",
    "Suspicion",
    "Triggers",
    "inspect",
    "reconstruct",
    "scale_of",
]
