"""Differential privacy: how gradients are clipped row by row, noised and accounted for."""

from modelkeep.harden.private.accounting import Mechanism, Spent, calibrate_noise, epsilon_of
from modelkeep.harden.private.choosing import WAYS, choose_way, one_by_one
from modelkeep.harden.private.claim import Claim, claim_of
from modelkeep.harden.private.descent import descend
from modelkeep.harden.private.fresh_weights import forget, statistics_in
from modelkeep.harden.private.interface import Clipped, Way
from modelkeep.harden.private.plan import Plan, PrivacyTarget, plan_training

__all__ = [
    "WAYS",
    "Claim",
    "Clipped",
    "Mechanism",
    "Plan",
    "PrivacyTarget",
    "Spent",
    "Way",
    "calibrate_noise",
    "choose_way",
    "claim_of",
    "descend",
    "epsilon_of",
    "forget",
    "one_by_one",
    "plan_training",
    "statistics_in",
]
