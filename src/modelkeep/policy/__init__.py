"""Evidence to decision: the gates of train, store, deploy, load and serve."""

from modelkeep.core import Decision, Missing
from modelkeep.policy.access import (
    ACCESS_ACTIONS,
    ROLES,
    AccessDecision,
    AccessPolicy,
    Principal,
    Resource,
    Review,
    authorise,
    load_access,
    parse_access,
    review,
)
from modelkeep.policy.access import Request as AccessRequest
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
from modelkeep.policy.interface import ACTIONS, DATA_ACTIONS
from modelkeep.policy.roles import Assignment, Assignments, assign, own_keys, read_assignments
from modelkeep.policy.strictness import settled_thresholds
from modelkeep.policy.summary import decision_statement
from modelkeep.policy.vocabulary import PPM, schema_text

__all__ = [
    "ACCESS_ACTIONS",
    "ACTIONS",
    "DATA_ACTIONS",
    "FILES",
    "PPM",
    "ROLES",
    "AccessDecision",
    "AccessPolicy",
    "AccessRequest",
    "Assignment",
    "Assignments",
    "Decision",
    "Gates",
    "Missing",
    "Principal",
    "Resource",
    "Review",
    "assign",
    "authorise",
    "decide",
    "decision_statement",
    "load_access",
    "load_gates",
    "own_keys",
    "packaged_policy",
    "parse_access",
    "parse_gates",
    "policy_digest",
    "read_assignments",
    "require_decidable",
    "review",
    "schema_text",
    "settled_thresholds",
]
