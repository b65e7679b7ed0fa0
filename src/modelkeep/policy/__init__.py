"""Evidence to decision: the gates of train, store, deploy, load and serve."""

from modelkeep.core import Decision, Missing
from modelkeep.policy.gates import (
    FILES,
    Gates,
    decide,
    load_gates,
    packaged_policy,
    parse_gates,
    policy_digest,
    require_decidable,
)
from modelkeep.policy.interface import ACTIONS
from modelkeep.policy.summary import decision_statement
from modelkeep.policy.vocabulary import PPM, schema_text

__all__ = [
    "ACTIONS",
    "FILES",
    "PPM",
    "Decision",
    "Gates",
    "Missing",
    "decide",
    "decision_statement",
    "load_gates",
    "packaged_policy",
    "parse_gates",
    "policy_digest",
    "require_decidable",
    "schema_text",
]
