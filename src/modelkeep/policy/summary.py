"""A decision as a statement: the SLSA verification summary of a gate.

It names the policy by digest and every statement the facts came from, and carries the
context that was compared, so that a third party can decide again and compare.
"""

from __future__ import annotations

from modelkeep.core import Decision, Subject
from modelkeep.core.version import VERSION
from modelkeep.evidence import Clock, Facts, Statement, make_statement, timestamp
from modelkeep.policy.gates import Gates
from modelkeep.policy.vocabulary import make_context


def decision_statement(
    decision: Decision,
    subject: Subject,
    principal: str,
    facts: Facts,
    gates: Gates,
    clock: Clock,
) -> Statement:
    """The statement that records a decision.

    Args:
        decision: the gate's answer.
        subject: the model decided about.
        principal: who asked.
        facts: what it was decided from.
        gates: the policies it was decided by.
        clock: gives the time.
    """
    fields = {
        "facts": {},
        "verifier": {"id": f"urn:modelkeep:{VERSION}"},
        "timeVerified": timestamp(clock()),
        "resourceUri": f"sha256:{subject.digest.sha256}",
        "policy": {
            "uri": f"urn:modelkeep:policy:{decision.profile}",
            "digest": {"sha256": decision.policy},
        },
        "inputAttestations": [{"digest": {"sha256": identity}} for identity in facts.used],
        "verificationResult": "PASSED" if decision.allowed else "FAILED",
        "verifiedLevels": [],
        "action": decision.action,
        "principal": principal,
        "context": make_context(facts, gates.thresholds),
        "missing": [missing.id for missing in decision.missing],
        "errors": list(decision.errors),
    }
    return make_statement("decision", (subject,), fields, clock=clock)
