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
from typing import Any, Final, Literal

import msgspec

from modelkeep.core import EvidenceError, Measurement, NotChecked

PREFIX: Final = "urn:modelkeep:predicate:"
MODEL_SIGNATURE: Final = "https://model_signing/signature/v1.0"
FactValue = int | bool


class Predicate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all our predicates carry: when issued, until when good, which facts."""

    issued: str
    expires: str
    facts: dict[str, FactValue]


class ScannedFile(msgspec.Struct, frozen=True):
    """One file's verdict and its findings as sentences."""

    path: str
    sha256: str
    verdict: str
    findings: list[str] = []


class Scan(Predicate, frozen=True, kw_only=True):
    """Static rules over every file."""

    tool: str
    rules: list[str]
    files: list[ScannedFile]


class Verifier(msgspec.Struct, frozen=True):
    """Who verified."""

    id: str


class SignatureResult(Predicate, frozen=True, kw_only=True):
    """In-toto SVR: which properties of the model's signature hold."""

    verifier: Verifier
    timeCreated: str  # noqa: N815 - the field's name in the predicate
    properties: list[str]


class BillOfMaterials(Predicate, frozen=True, kw_only=True):
    """A CycloneDX document."""

    bom: dict[str, Any]


class Measurements(Predicate, frozen=True, kw_only=True):
    """Numbers measured on a live model, and what they were measured with."""

    tool: str
    measurements: list[Measurement]
    not_checked: list[NotChecked]
    materials: list[dict[str, Any]]


class TestResult(Predicate, frozen=True, kw_only=True):
    """In-toto test-result: the run as a whole."""

    result: Literal["PASSED", "WARNED", "FAILED"]
    configuration: list[dict[str, Any]]
    passedTests: list[str]  # noqa: N815
    warnedTests: list[str]  # noqa: N815
    failedTests: list[str]  # noqa: N815


class Decision(Predicate, frozen=True, kw_only=True):
    """SLSA verification summary: what a gate decided, from what, by which policy."""

    verifier: Verifier
    timeVerified: str  # noqa: N815
    resourceUri: str  # noqa: N815
    policy: dict[str, Any]
    inputAttestations: list[dict[str, Any]]  # noqa: N815
    verificationResult: Literal["PASSED", "FAILED"]  # noqa: N815
    verifiedLevels: list[str]  # noqa: N815
    action: str
    principal: str
    context: dict[str, Any]
    missing: list[str]
    errors: list[str]


class DataSeal(Predicate, frozen=True, kw_only=True):
    """A data set's manifest by its digest, and what the manifest says in short."""

    tool: str
    manifest_sha256: str
    root: str
    rows: int
    files: int
    classes: int
    source: str
    licence: str


class Hardening(Predicate, frozen=True, kw_only=True):
    """What a model was changed from, how, and what the change was worth."""

    tool: str
    defence: str
    gained: bool
    changed_from: dict[str, Any]
    materials: list[dict[str, Any]]
    before: list[Measurement]
    after: list[Measurement]
    notes: list[str]


class Revocation(Predicate, frozen=True, kw_only=True):
    """A key's statements issued from ``since`` on do not count.

    ``entries`` of ``log`` were there before that moment; what stands behind them was
    logged later, whatever time it states.
    """

    name: str
    since: str
    reason: str
    log: str
    entries: int


class Stage(Predicate, frozen=True, kw_only=True):
    """A version of a model enters a stage of its life; ``rests_on`` says by what right."""

    name: str
    before: str
    after: str
    reason: str
    rests_on: list[str]
    files: list[dict[str, Any]] = []
    break_glass: dict[str, str] = {}


class Approval(Predicate, frozen=True, kw_only=True):
    """Somebody agrees that a version enters a stage."""

    name: str
    stage: str
    reason: str


class Requests(Predicate, frozen=True, kw_only=True):
    """A batch of requests that a gateway answered or refused."""

    tool: str
    requests: list[dict[str, Any]]


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
        },
        Measurements,
    ),
    PredicateType(
        "membership",
        f"{PREFIX}membership:1",
        30,
        {"membership_auc_low_ppm": int},
        Measurements,
    ),
    PredicateType(
        "fairness",
        f"{PREFIX}fairness:1",
        30,
        {"accuracy_gap_high_ppm": int},
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
    PredicateType("hardening", f"{PREFIX}hardening:1", 365, {}, Hardening),
    PredicateType("decision", "https://slsa.dev/verification_summary/v1", 30, {}, Decision),
    PredicateType("revocation", f"{PREFIX}revocation:1", 3650, {}, Revocation),
    PredicateType(
        "stage",
        f"{PREFIX}stage:1",
        3650,
        {"stage_quarantined": bool, "stage_revoked": bool},
        Stage,
    ),
    PredicateType("approval", f"{PREFIX}approval:1", 90, {}, Approval),
    PredicateType("requests", f"{PREFIX}requests:1", 365, {}, Requests),
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
