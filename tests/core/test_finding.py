"""Findings: where they are, and a fingerprint that outlives edits elsewhere."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from modelkeep.core import Confidence, Finding, Location, Rule, Severity

RULE = Rule(id="TST001", name="test", summary="s", remedy="r", topic="artifact.malicious_code")
HERE = Location("m.pkl", "data.pkl", 47)


def finding(
    *,
    rule: Rule = RULE,
    severity: Severity = Severity.HIGH,
    message: str = "m",
    location: Location = HERE,
    evidence: dict[str, str] | None = None,
) -> Finding:
    facts = {"import": "os.system", "how": "reduce"} if evidence is None else evidence
    return Finding(rule, severity, Confidence.HIGH, message, location, facts)


@pytest.mark.parametrize(
    ("location", "text"),
    [
        (Location("m.pkl"), "m.pkl"),
        (Location("m.pkl", "data.pkl"), "m.pkl!data.pkl"),
        (Location("m.pkl", "data.pkl", 0x2F), "m.pkl!data.pkl @ 0x2f"),
        (Location("m.pkl", None, 0), "m.pkl @ 0x0"),
    ],
)
def test_a_location_reads_as_path_member_and_offset(location: Location, text: str) -> None:
    assert str(location) == text


def test_the_fingerprint_is_the_digest_of_rule_place_and_evidence() -> None:
    parts = "TST001\0m.pkl\0data.pkl\0how=reduce\0import=os.system"
    assert finding().fingerprint == hashlib.sha256(parts.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    "other",
    [
        finding(location=Location("m.pkl", "data.pkl", 9999)),
        finding(message="worded anew"),
        finding(severity=Severity.LOW),
        finding(evidence={"how": "reduce", "import": "os.system"}),
    ],
    ids=["offset", "message", "severity", "order of evidence"],
)
def test_the_fingerprint_survives_what_does_not_matter(other: Finding) -> None:
    assert other.fingerprint == finding().fingerprint


@pytest.mark.parametrize(
    "other",
    [
        finding(rule=msgspec.structs.replace(RULE, id="TST002")),
        finding(location=Location("n.pkl", "data.pkl", 47)),
        finding(location=Location("m.pkl", "other.pkl", 47)),
        finding(evidence={"import": "os.popen", "how": "reduce"}),
    ],
    ids=["rule", "path", "member", "evidence"],
)
def test_the_fingerprint_tells_findings_apart(other: Finding) -> None:
    assert other.fingerprint != finding().fingerprint


@pytest.mark.parametrize(
    "odd",
    [
        finding(location=Location("m\udcff.pkl")),
        finding(evidence={"import": "os.\ud800"}),
    ],
    ids=["file name that is no UTF-8", "pickled name that is no text"],
)
def test_a_name_that_is_no_text_still_has_a_fingerprint(odd: Finding) -> None:
    assert len(odd.fingerprint) == 16


def test_json_holds_lower_case_words() -> None:
    written = msgspec.json.decode(msgspec.json.encode(finding()))
    assert (written["severity"], written["confidence"]) == ("high", "high")
    assert written["location"] == {"path": "m.pkl", "member": "data.pkl", "offset": 47}


def test_evidence_is_not_shared_between_findings() -> None:
    first, second = (
        Finding(RULE, Severity.LOW, Confidence.LOW, "m", Location("a")) for _ in range(2)
    )
    assert first.evidence == {}
    assert first.evidence is not second.evidence
