"""A recorded decision: names its policy, its inputs, and exactly what was compared."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import jsonschema
import pytest

from modelkeep.core import Digest, Subject
from modelkeep.core.settings import resolve
from modelkeep.evidence import (
    Facts,
    PublicKey,
    SigningKey,
    Statement,
    TrustMap,
    gather_facts,
    make_statement,
    parse_statement,
    schema,
    seal,
    statement_id,
    verify_envelope,
)
from modelkeep.policy import Gates, decide, decision_statement, load_gates
from modelkeep.policy.vocabulary import make_context

THRESHOLDS = resolve({}, environ={}, start=Path("/")).thresholds()
SUBJECT = Subject("model", "model.onnx", Digest("5a" * 32, "b3" * 32))
NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
CLEAN = {"scan_critical": 0, "scan_high": 0, "scan_inconclusive": 0, "signature_broken": False}


@pytest.fixture(scope="module")
def gates() -> Gates:
    return load_gates("dev", THRESHOLDS, None)


def summarise(
    facts: Facts, gates: Gates, principal: str = "alice", now: dt.datetime = NOON
) -> Statement:
    decision = decide("load", SUBJECT.digest.sha256, principal, facts, gates)
    return decision_statement(decision, SUBJECT, principal, facts, gates, lambda: now)


def test_decision_names_policy_inputs_context_and_result(gates: Gates) -> None:
    facts = Facts(CLEAN, used=("aa" * 32, "bb" * 32), oldest_days=3)
    made = summarise(facts, gates)
    said = made.predicate
    jsonschema.validate(said, schema("decision"))
    assert made.predicate_type == "https://slsa.dev/verification_summary/v1"
    assert made.subjects == (SUBJECT,)
    assert said["verificationResult"] == "PASSED"
    assert said["policy"]["digest"] == {"sha256": gates.digest}
    assert said["policy"]["uri"] == "urn:modelkeep:policy:dev"
    assert [item["digest"]["sha256"] for item in said["inputAttestations"]] == list(facts.used)
    assert said["context"] == make_context(facts, THRESHOLDS)
    assert said["context"]["evidence_age_days"] == 3
    assert (said["action"], said["principal"], said["missing"]) == ("load", "alice", [])
    assert said["timeVerified"] == said["issued"] == "2026-11-22T12:00:00Z"
    assert said["resourceUri"] == f"sha256:{SUBJECT.digest.sha256}"
    assert made.facts() == {}


def test_refusal_names_what_is_missing(gates: Gates) -> None:
    made = summarise(Facts(CLEAN | {"scan_high": 2}, broken=("x",)), gates)
    jsonschema.validate(made.predicate, schema("decision"))
    assert made.predicate["verificationResult"] == "FAILED"
    assert made.predicate["missing"] == ["evidence-intact", "scan-clean"]
    assert made.predicate["context"]["evidence_broken"] == 1


@pytest.mark.parametrize("principal", ["", 'a"b', "a\\b", "O'Brien", "Jürgen", "a\nb", "😀"])
def test_decision_for_any_principal_can_be_signed_and_read_back(
    principal: str, gates: Gates
) -> None:
    key = SigningKey.generate()
    made = summarise(Facts(CLEAN), gates, principal)
    payload, keyid = verify_envelope(seal(made.to_bytes(), key), (key.public,))
    assert parse_statement(payload) == made
    assert keyid == key.public.keyid
    assert made.predicate["verificationResult"] == "PASSED"
    assert made.predicate["principal"] == principal


@pytest.mark.parametrize("microsecond", [0, 400_000, 999_999])
def test_context_is_the_one_that_anybody_computes_at_the_time_of_the_decision(
    microsecond: int, gates: Gates
) -> None:
    """Times are written to the second; a decision in the same second must not differ."""
    now = NOON.replace(microsecond=microsecond)
    key = SigningKey.generate()
    fields = {"facts": CLEAN, "tool": "t", "rules": [], "files": []}
    fields["facts"] = {name: CLEAN[name] for name in CLEAN if name.startswith("scan_")}
    scan = make_statement("scan", (SUBJECT,), fields, clock=lambda: now)
    bodies, trust = [seal(scan.to_bytes(), key)], trusting(key.public)
    digest = SUBJECT.digest.sha256
    made = summarise(gather_facts(bodies, digest, trust, now), gates, now=now)
    then = gather_facts(bodies, digest, trust, made.issued)
    assert then.used == (statement_id(bodies[0]),)
    assert made.predicate["context"] == make_context(then, THRESHOLDS)


def trusting(key: PublicKey) -> TrustMap:
    return TrustMap().with_signer("scanner", key, ("scan",))
