"""Every predicate type there is: URI, lifetime, facts it may assert, shape.

A statement asserts *facts*, typed numbers and booleans that policies compare. A
signer trusted for one predicate type can assert only the facts listed for it here;
anything else in a statement is for people. Shapes are msgspec structs, from which
``schema`` publishes a JSON Schema.

Sources: in-toto attestation framework v1, predicates SVR v0.1 and test-result v0.1;
SLSA verification summary v1. Fields those do not define are additions of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from modelkeep.core import EvidenceError
from modelkeep.evidence.predicate import Predicate
from modelkeep.evidence.predicate_assess import Measurements, TestResult
from modelkeep.evidence.predicate_data import (
    DataCheck,
    DataDerivation,
    DataPoison,
    DataReview,
    DataSeal,
)
from modelkeep.evidence.predicate_gateway import Hold, Requests
from modelkeep.evidence.predicate_harden import Hardening
from modelkeep.evidence.predicate_policy import Access, AccessUse, Decision
from modelkeep.evidence.predicate_privacy import PrivacyBudget, PrivacyCharge
from modelkeep.evidence.predicate_registry import Approval, Stage
from modelkeep.evidence.predicate_scan import Scan
from modelkeep.evidence.predicate_training import Training
from modelkeep.evidence.predicate_trust import (
    BillOfMaterials,
    Revocation,
    SignatureResult,
    Upgrade,
)

PREFIX: Final = "urn:modelkeep:predicate:"
MODEL_SIGNATURE: Final = "https://model_signing/signature/v1.0"


@dataclass(frozen=True, slots=True)
class PredicateType:
    """One row of the table.

    Attributes:
        key: short name used on the command line.
        uri: the predicate type of the statement.
        lifetime_days: how long a statement counts.
        facts: names it may assert and their types.
        shape: struct of the predicate.
    """

    key: str
    uri: str
    lifetime_days: int
    facts: dict[str, type]
    shape: type[Predicate] | None


TABLE: Final = (
    PredicateType(
        "scan",
        f"{PREFIX}scan:1",
        30,
        {"scan_critical": int, "scan_high": int, "scan_inconclusive": int, "scan_unread": int},
        Scan,
    ),
    PredicateType(
        "signature",
        "https://in-toto.io/attestation/svr/v0.1",
        30,
        {"signature_present": bool, "signature_trusted": bool, "signature_broken": bool},
        SignatureResult,
    ),
    PredicateType("bom", f"{PREFIX}bom:1", 365, {"bom_components": int}, BillOfMaterials),
    PredicateType(
        "performance",
        f"{PREFIX}performance:1",
        30,
        {"test_accuracy_ppm": int, "test_rows": int},
        Measurements,
    ),
    PredicateType(
        "evasion",
        f"{PREFIX}evasion:1",
        30,
        {
            "clean_accuracy_ppm": int,
            "robust_accuracy_low_ppm": int,
            "robust_radius_linf_ppm": int,
            "gradient_masking_suspected": bool,
        },
        Measurements,
    ),
    PredicateType(
        "membership", f"{PREFIX}membership:1", 30, {"membership_auc_low_ppm": int}, Measurements
    ),
    PredicateType(
        "extraction",
        f"{PREFIX}extraction:1",
        30,
        {"extraction_fidelity_low_ppm": int, "extraction_queries": int},
        Measurements,
    ),
    PredicateType(
        "fairness", f"{PREFIX}fairness:1", 30, {"accuracy_gap_high_ppm": int}, Measurements
    ),
    PredicateType(
        "backdoor",
        f"{PREFIX}backdoor:1",
        30,
        {"backdoor_suspected": bool, "backdoor_tested_classes": int},
        Measurements,
    ),
    PredicateType("explanation", f"{PREFIX}explanation:1", 30, {}, Measurements),
    PredicateType(
        "test-result", "https://in-toto.io/attestation/test-result/v0.1", 30, {}, TestResult
    ),
    PredicateType(
        "seal",
        f"{PREFIX}seal:1",
        365,
        {"data_sealed": bool, "data_rows": int, "data_files": int},
        DataSeal,
    ),
    PredicateType(
        "data-poison",
        f"{PREFIX}data-poison:1",
        90,
        {
            "poison_groups": int,
            "poison_share_ppm": int,
            "poison_power_low_ppm": int,
            "certified_10_rows_ppm": int,
        },
        DataPoison,
    ),
    PredicateType("data-review", f"{PREFIX}data-review:1", 365, {}, DataReview),
    PredicateType(
        "data-derivation",
        f"{PREFIX}data-derivation:1",
        3650,
        {"data_rows_removed": int, "data_rows_relabelled": int},
        DataDerivation,
    ),
    PredicateType("training", "https://slsa.dev/provenance/v1", 3650, {}, Training),
    PredicateType("hardening", f"{PREFIX}hardening:1", 365, {}, Hardening),
    PredicateType(
        "data-check",
        f"{PREFIX}data-check:1",
        30,
        {
            "data_check_passed": bool,
            "data_rows_checked": int,
            "data_rows_bad": int,
            "data_rules_not_run": int,
        },
        DataCheck,
    ),
    PredicateType("decision", "https://slsa.dev/verification_summary/v1", 30, {}, Decision),
    PredicateType("revocation", f"{PREFIX}revocation:1", 3650, {}, Revocation),
    PredicateType(
        "stage",
        f"{PREFIX}stage:1",
        3650,
        {"stage_quarantined": bool, "stage_retired": bool, "stage_revoked": bool},
        Stage,
    ),
    PredicateType("approval", f"{PREFIX}approval:1", 90, {}, Approval),
    PredicateType("access", f"{PREFIX}access:1", 3650, {}, Access),
    PredicateType("access-use", f"{PREFIX}access-use:1", 3650, {}, AccessUse),
    PredicateType("upgrade", f"{PREFIX}upgrade:1", 3650, {}, Upgrade),
    PredicateType("requests", f"{PREFIX}requests:1", 365, {}, Requests),
    PredicateType("hold", f"{PREFIX}hold:1", 3650, {"serving_held": bool}, Hold),
    # The ledger of a data set counts these for ever; their end says when to look at them again.
    PredicateType("privacy-budget", f"{PREFIX}privacy-budget:1", 3650, {}, PrivacyBudget),
    PredicateType("privacy-charge", f"{PREFIX}privacy-charge:1", 3650, {}, PrivacyCharge),
    # Not made by `record`: the model's own signature file, verified by `trust`.
    PredicateType("model-signature", MODEL_SIGNATURE, 3650, {}, None),
)
_BY_KEY: Final = {row.key: row for row in TABLE}
_BY_URI: Final = {row.uri: row for row in TABLE}


def by_key(key: str) -> PredicateType:
    """Look a row up by its short name.

    Raises:
        EvidenceError: there is none.
    """
    try:
        return _BY_KEY[key]
    except KeyError:
        known = ", ".join(sorted(_BY_KEY))
        raise EvidenceError(f"unknown predicate {key!r}", f"Known: {known}.") from None


def by_uri(uri: str) -> PredicateType | None:
    """Look a row up by predicate type; ``None`` for a foreign one."""
    return _BY_URI.get(uri)


def schema(key: str) -> dict[str, Any]:
    """JSON Schema of a predicate."""
    row = by_key(key)
    if row.shape is None:
        raise EvidenceError(f"predicate {key!r} is defined elsewhere: {row.uri}")
    document = msgspec.json.schema(row.shape)
    names = {int: {"type": "integer"}, bool: {"type": "boolean"}}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": row.uri,
        "allOf": [
            document,
            {
                "properties": {
                    "facts": {
                        "properties": {name: names[kind] for name, kind in row.facts.items()},
                        "additionalProperties": False,
                    }
                }
            },
        ],
        "$defs": document.pop("$defs"),
    }
