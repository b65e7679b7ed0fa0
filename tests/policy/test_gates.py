"""The gate: the AND of its conditions, closed on what is absent, broken or malformed."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cedarpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import InputError, UsageError
from modelkeep.core.settings import resolve
from modelkeep.evidence import TABLE, Facts, encode
from modelkeep.policy import (
    ACTIONS,
    FILES,
    Gates,
    decide,
    load_gates,
    packaged_policy,
    parse_gates,
    schema_text,
)

THRESHOLDS = resolve({}, environ={}, start=Path("/")).thresholds()
SUBJECT = "5a" * 32
GOOD: dict[str, int | bool] = {
    "scan_critical": 0,
    "scan_high": 0,
    "scan_inconclusive": 0,
    "scan_unread": 0,
    "signature_present": True,
    "signature_trusted": True,
    "signature_broken": False,
    "bom_components": 3,
    "test_accuracy_ppm": 910_000,
    "test_rows": 400,
    "clean_accuracy_ppm": 910_000,
    "robust_accuracy_low_ppm": 610_000,
    "robust_radius_linf_ppm": 30_000,
    "membership_auc_low_ppm": 510_000,
}
GATES = {profile: load_gates(profile, THRESHOLDS, None) for profile in FILES}
LIMITS = {
    "robust_share_min_ppm": 500_000,
    "robust_radius_linf_ppm": 30_000,
    "membership_auc_max_ppm": 600_000,
    "test_rows_min": 50,
    "evidence_age_max_days": 30,
}
PERMIT = "permit (principal, action, resource)"
INTACT = f"{PERMIT} when {{ context.evidence_broken == 0 }};"


def conditions(text: str) -> dict[str, str]:
    """The text of each condition by its id, cut out of a policy file."""
    bare = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
    parts = [f"@id({part}" for part in bare.split("@id(")[1:]]
    return {part.split('"')[1]: part for part in parts}


CONDITIONS = {profile: conditions(packaged_policy(profile)) for profile in FILES}
ALONE = {
    text: cedarpy.PolicySet.from_str(text) for c in CONDITIONS.values() for text in c.values()
}
SCHEMA = cedarpy.Schema.from_str(schema_text(THRESHOLDS))


def applies(condition: str, action: str) -> bool:
    """Whether a condition, as it is written, restricts the action."""
    named = re.findall(r'Action::"(\w+)"', condition)
    return not named or action in named


def holds(condition: str, action: str, facts: Facts) -> bool:
    """Ask Cedar about one condition alone, without anything of ours in between."""
    request = {
        "principal": 'User::"alice"',
        "action": f'Action::"{action}"',
        "resource": f'Model::"{SUBJECT}"',
        "context": facts.values
        | {
            "evidence_broken": len(facts.broken),
            "evidence_age_days": facts.oldest_days,
            "thresholds": LIMITS,
        },
    }
    answer = cedarpy.is_authorized(request, ALONE[condition], "[]", SCHEMA)
    return answer.allowed and not answer.diagnostics.errors


def missing_ids(facts: Facts, action: str = "deploy", profile: str = "prod") -> list[str]:
    decision = decide(action, SUBJECT, "alice", facts, GATES[profile])
    assert decision.allowed == (not decision.missing)
    return [missing.id for missing in decision.missing]


numbers = st.sampled_from(
    [0, 1, -1, 3, 49, 50, 29_999, 30_000, 455_000, 454_999, 600_000, 600_001, 2**53, 2**62]
) | st.integers(-(2**70), 2**70)
kinds = {name: kind for row in TABLE for name, kind in row.facts.items()}
changes = st.fixed_dictionaries(
    {}, optional={name: st.booleans() if kinds[name] is bool else numbers for name in kinds}
)
some_facts = st.builds(
    lambda changed, dropped, broken, days: Facts(
        {name: value for name, value in (GOOD | changed).items() if name not in dropped},
        broken=("x",) * broken,
        oldest_days=days,
    ),
    changes | st.just({}),
    st.sets(st.sampled_from(sorted(kinds)), max_size=3),
    st.sampled_from([0, 0, 0, 1, 2]),
    st.sampled_from([0, 1, 30, 31, 4000]),
)


@given(some_facts, st.sampled_from(ACTIONS), st.sampled_from(["dev", "prod"]))
@settings(max_examples=400, deadline=None)
def test_decision_is_the_and_of_its_conditions_and_missing_are_the_false_ones(
    facts: Facts, action: str, profile: str
) -> None:
    chosen = {name: text for name, text in CONDITIONS[profile].items() if applies(text, action)}
    false = [name for name, text in chosen.items() if not holds(text, action, facts)]
    decision = decide(action, SUBJECT, "alice", facts, GATES[profile])
    assert decision.allowed == (not false)
    assert [missing.id for missing in decision.missing] == false
    for missing in decision.missing:
        needs = set(re.findall(r"context(?: has |\.)(\w+)", chosen[missing.id])) & set(kinds)
        assert missing.absent == tuple(sorted(needs - set(facts.values)))


@pytest.mark.parametrize("profile", FILES)
def test_packaged_policy_is_valid_and_allows_what_is_proved(profile: str) -> None:
    assert cedarpy.validate_policies(packaged_policy(profile), schema_text(THRESHOLDS))
    gates = GATES["prod" if profile == "report" else profile]
    for action in ACTIONS:
        decision = decide(action, SUBJECT, "alice", Facts(GOOD), gates)
        assert decision.allowed
        assert (decision.action, decision.policy) == (action, gates.digest)
        assert decision.errors == decision.missing == ()


@pytest.mark.parametrize("profile", ["dev", "prod"])
@pytest.mark.parametrize("action", ACTIONS)
def test_nothing_proved_is_denied_with_a_reason_and_a_remedy(profile: str, action: str) -> None:
    decision = decide(action, SUBJECT, "alice", Facts(), GATES[profile])
    assert not decision.allowed
    assert all(missing.says and missing.mend for missing in decision.missing)
    assert {"scan-clean", "not-tampered"} <= {missing.id for missing in decision.missing}


@pytest.mark.parametrize(
    ("fact", "condition"),
    [
        ("scan_critical", "scan-clean"),
        ("scan_high", "scan-clean"),
        ("scan_inconclusive", "scan-complete"),
        ("scan_unread", "scan-complete"),
        ("signature_broken", "not-tampered"),
        ("signature_trusted", "signed-by-trusted"),
        ("bom_components", "bill-of-materials"),
        ("test_accuracy_ppm", "accuracy-stated"),
        ("test_rows", "accuracy-stated"),
        ("robust_radius_linf_ppm", "robust"),
        ("robust_accuracy_low_ppm", "robust"),
        ("clean_accuracy_ppm", "robust"),
        ("membership_auc_low_ppm", "members-hidden"),
    ],
)
def test_absent_fact_denies_and_is_named(fact: str, condition: str) -> None:
    facts = Facts({name: value for name, value in GOOD.items() if name != fact})
    (missing,) = decide("deploy", SUBJECT, "alice", facts, GATES["prod"]).missing
    assert (missing.id, missing.absent) == (condition, (fact,))
    assert missing.mend == "modelkeep check MODEL --data TRAIN --test TEST"


@pytest.mark.parametrize(
    ("changed", "condition"),
    [
        ({"scan_critical": 1}, "scan-clean"),
        ({"scan_high": 1}, "scan-clean"),
        ({"scan_inconclusive": 1}, "scan-complete"),
        ({"scan_unread": 1}, "scan-complete"),
        ({"signature_broken": True}, "not-tampered"),
        ({"signature_trusted": False}, "signed-by-trusted"),
        ({"bom_components": 0}, "bill-of-materials"),
        ({"test_rows": 49}, "accuracy-stated"),
        ({"robust_radius_linf_ppm": 29_999}, "robust"),
        ({"robust_accuracy_low_ppm": 454_999}, "robust"),
        ({"membership_auc_low_ppm": 600_001}, "members-hidden"),
    ],
)
def test_fact_beyond_its_limit_denies_with_the_conditions_own_remedy(
    changed: dict[str, int | bool], condition: str
) -> None:
    facts = Facts(GOOD | changed)
    (missing,) = decide("deploy", SUBJECT, "alice", facts, GATES["prod"]).missing
    assert (missing.id, missing.absent) == (condition, ())
    assert f'@mend("{missing.mend}")' in CONDITIONS["prod"][condition]


@pytest.mark.parametrize(
    "changed",
    [
        {"test_rows": 50},
        {"robust_radius_linf_ppm": 30_001},
        {"robust_accuracy_low_ppm": 455_000},
        {"membership_auc_low_ppm": 600_000},
        {"signature_present": False},
    ],
)
def test_fact_at_its_limit_is_allowed(changed: dict[str, int | bool]) -> None:
    assert missing_ids(Facts(GOOD | changed)) == []


@pytest.mark.parametrize("profile", ["dev", "prod"])
@pytest.mark.parametrize("action", ["deploy", "load", "serve"])
def test_suspected_backdoor_denies_and_one_not_looked_for_does_not(
    profile: str, action: str
) -> None:
    suspected = Facts(GOOD | {"backdoor_suspected": True})
    assert missing_ids(suspected, action, profile) == ["no-backdoor-suspected"]
    for facts in (GOOD, GOOD | {"backdoor_suspected": False}):
        assert missing_ids(Facts(facts), action, profile) == []


@pytest.mark.parametrize("action", ["train", "store"])
def test_a_suspected_model_may_be_kept_and_repaired(action: str) -> None:
    assert missing_ids(Facts(GOOD | {"backdoor_suspected": True}), action) == []


def test_training_asks_for_less_than_serving() -> None:
    scanned = Facts({name: value for name, value in GOOD.items() if name in SCANNED})
    assert missing_ids(scanned, "train") == []
    assert missing_ids(scanned, "store") == ["signed-by-trusted", "bill-of-materials"]
    assert "robust" in missing_ids(scanned, "serve")


SCANNED = ("scan_critical", "scan_high", "scan_inconclusive", "scan_unread", "signature_broken")


@pytest.mark.parametrize("profile", ["dev", "prod"])
@pytest.mark.parametrize("action", ACTIONS)
def test_broken_evidence_denies_every_action(profile: str, action: str) -> None:
    facts = Facts(GOOD, broken=("a1b2: signature does not verify",))
    assert missing_ids(facts, action, profile) == ["evidence-intact"]


def test_old_evidence_denies_in_prod() -> None:
    assert missing_ids(Facts(GOOD, oldest_days=30)) == []
    assert missing_ids(Facts(GOOD, oldest_days=31)) == ["evidence-fresh"]
    assert missing_ids(Facts(GOOD, oldest_days=31), profile="dev") == []


def test_number_that_overflows_denies_and_its_error_is_told() -> None:
    facts = Facts(GOOD | {"robust_accuracy_low_ppm": 2**62})
    decision = decide("deploy", SUBJECT, "alice", facts, GATES["prod"])
    assert not decision.allowed
    assert [missing.id for missing in decision.missing] == ["robust"]
    assert "overflow" in decision.errors[0]


def test_number_that_cedar_cannot_hold_denies() -> None:
    facts = Facts(GOOD | {"test_rows": 2**63})
    decision = decide("deploy", SUBJECT, "alice", facts, GATES["prod"])
    assert not decision.allowed
    assert decision.errors


def test_error_of_one_condition_denies_even_where_another_would_allow() -> None:
    boom = "context.evidence_age_days * 9223372036854775807 > 0 || true"
    exploding = INTACT.replace("context.", f"{boom} || context.")
    text = f'@id("intact") {INTACT}\n@id("boom") {exploding}'
    gates = parse_gates("dev", text, THRESHOLDS, "test")
    assert decide("load", SUBJECT, "alice", Facts(GOOD, oldest_days=1), gates).allowed
    decision = decide("load", SUBJECT, "alice", Facts(GOOD, oldest_days=2), gates)
    assert not decision.allowed
    assert [missing.id for missing in decision.missing] == ["boom"]


@pytest.mark.parametrize(
    ("added", "complaint"),
    [
        (f'@id("x") {INTACT.replace("permit", "forbid")}', "forbid is skipped"),
        (f'@id("x") {INTACT.replace("when", "unless")}', "needs `when` clauses"),
        (f'@id("x") {INTACT[:-1]} unless {{ context.evidence_broken == 0 }};', "needs `when`"),
        ('@id("x") permit (principal, action, resource);', "needs `when` clauses"),
        (f'@id("x") {INTACT.replace("principal", "principal == ?principal")}', "templates"),
        (f'@id("x") {INTACT.replace("resource", "resource in ?resource")}', "templates"),
        (f'@id("x") {INTACT.replace("principal", "principal is User")}', "the action only"),
        (
            f'@id("x") {INTACT.replace("resource", f"resource == Model::{chr(34)}a{chr(34)}")}',
            "only",
        ),
        (f'@id("scan-clean") {INTACT}', "two conditions have the same @id"),
        (INTACT, "a condition without @id"),
        (f'@id("") {INTACT}', "a condition without @id"),
        (f"@id {INTACT}", "a condition without @id"),
        (f'@id("x") @id("y") {INTACT}', "does not parse"),
        ("permit everything", "does not parse"),
        ("\x00", "does not parse"),
        (f'@id("x") {INTACT.replace("evidence_broken", "evidence_brokn")}', "evidence_brokn"),
        (f'@id("x") {INTACT.replace("evidence_broken", "scan_high")}', "optional attribute"),
        (f'@id("x") {INTACT.replace("== 0", "== true")}', "o.cedar"),
        (
            f'@id("x") {INTACT.replace("action", f"action == Action::{chr(34)}fly{chr(34)}")}',
            "fly",
        ),
        (f'@id("x") {INTACT.replace("action", "action in []")}', "applicable action"),
    ],
)
def test_policy_that_is_no_list_of_conditions_is_refused(added: str, complaint: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_gates("dev", f"{packaged_policy('dev')}\n{added}", THRESHOLDS, "o.cedar")
    assert caught.value.message.startswith("o.cedar: ")
    assert complaint in caught.value.message


@pytest.mark.parametrize("text", ["", "// nothing\n"])
def test_empty_policy_is_refused_because_every_action_would_be_free(text: str) -> None:
    with pytest.raises(InputError, match="'train' has no condition, so it would be free"):
        parse_gates("dev", text, THRESHOLDS, "o.cedar")


def test_action_without_a_condition_is_refused() -> None:
    only = INTACT.replace("action", 'action in [Action::"train", Action::"store"]')
    with pytest.raises(InputError, match="'deploy' has no condition"):
        parse_gates("dev", f'@id("x") {only}', THRESHOLDS, "o.cedar")


@pytest.mark.parametrize("length", [100, 400, 2000])
def test_condition_that_is_too_long_for_cedar_is_refused(length: int) -> None:
    clause = " + ".join(["context.evidence_broken"] * length)
    text = f'@id("x") permit (principal, action, resource) when {{ {clause} == 0 }};'
    with pytest.raises(InputError, match=r"o\.cedar: "):
        parse_gates("dev", text, THRESHOLDS, "o.cedar")


@pytest.mark.parametrize(
    "clause",
    [
        f"{'(' * 5000}true{')' * 5000}",
        f"// a comment ends at a carriage return, too\r{'(' * 5000}true{')' * 5000}",
        f'"\\\\" == "" || {"(" * 5000}true{")" * 5000} || "" == ""',
        f"context.evidence_broken{'+1' * 30_000} == 0",
        f"context{'.a' * 30_000} == 0",
    ],
    ids=["nested", "comment", "text", "sum", "path"],
)
def test_condition_that_would_crash_cedar_is_refused(clause: str, tmp_path: Path) -> None:
    path = tmp_path / "policy"
    path.write_bytes(f'@id("x") {PERMIT} when {{ {clause} }};'.encode())
    program = (
        "import sys; from pathlib import Path; from modelkeep.core import InputError\n"
        "from modelkeep.policy import parse_gates\n"
        "try: parse_gates('dev', Path(sys.argv[1]).read_bytes().decode(), {}, 'o.cedar')\n"
        "except InputError: sys.exit(7)"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 7, done.stderr[-300:]


def test_several_when_clauses_all_have_to_hold() -> None:
    text = f'@id("x") {INTACT[:-1]} when {{ context has test_rows }};'
    gates = parse_gates("dev", text, THRESHOLDS, "test")
    assert decide("load", SUBJECT, "alice", Facts({"test_rows": 1}), gates).allowed
    (missing,) = decide("load", SUBJECT, "alice", Facts(), gates).missing
    assert missing.absent == ("test_rows",)


def test_digest_covers_text_schema_and_thresholds() -> None:
    gates = GATES["prod"]
    text = packaged_policy("prod")
    covered = {"conditions": text, "schema": schema_text(THRESHOLDS), "thresholds": THRESHOLDS}
    assert gates.digest == hashlib.sha256(encode(covered)).hexdigest()
    others = [
        parse_gates("prod", text + "\n", THRESHOLDS, "test"),
        parse_gates("prod", text, THRESHOLDS | {"robust_share_min": 0.4}, "test"),
        parse_gates("prod", text, THRESHOLDS | {"another": 1.0}, "test"),
        GATES["dev"],
    ]
    assert len({gates.digest, *(other.digest for other in others)}) == 5
    assert GATES["report"].digest == gates.digest


def test_changed_threshold_changes_the_decision() -> None:
    facts = Facts(GOOD | {"membership_auc_low_ppm": 610_000})
    limits = THRESHOLDS | {"membership_auc_max": 0.62}
    assert missing_ids(facts) == ["members-hidden"]
    gates = load_gates("prod", limits, None)
    assert decide("deploy", SUBJECT, "alice", facts, gates).allowed


def test_material_is_enough_to_decide_again() -> None:
    material = json.loads(json.dumps(GATES["prod"].material()))
    again = parse_gates(
        material["profile"], material["conditions"], material["thresholds"], "material"
    )
    assert again.digest == material["digest"] == GATES["prod"].digest
    assert material["schema"] == schema_text(THRESHOLDS)


@pytest.mark.parametrize("limit", [float("nan"), float("inf"), -0.1])
def test_threshold_that_is_no_size_is_refused(limit: float) -> None:
    with pytest.raises(UsageError, match="robust_share_min"):
        load_gates("prod", THRESHOLDS | {"robust_share_min": limit}, None)


def test_report_refuses_load_and_serve_and_judges_the_rest_as_prod() -> None:
    for action in ("load", "serve"):
        with pytest.raises(UsageError, match="only reports"):
            decide(action, SUBJECT, "alice", Facts(GOOD), GATES["report"])
    for action in ("train", "store", "deploy"):
        for facts in (Facts(GOOD), Facts(), Facts(GOOD | {"scan_high": 1})):
            reported = decide(action, SUBJECT, "alice", facts, GATES["report"])
            judged = decide(action, SUBJECT, "alice", facts, GATES["prod"])
            assert (reported.allowed, reported.missing) == (judged.allowed, judged.missing)
            assert reported.profile == "report"


@pytest.mark.parametrize("action", ["fly", "", "Deploy", 'deploy"'])
def test_unknown_action_is_a_usage_error(action: str) -> None:
    with pytest.raises(UsageError, match="unknown action"):
        decide(action, SUBJECT, "alice", Facts(GOOD), GATES["prod"])


def test_file_of_the_user_wins_over_the_packaged_one(tmp_path: Path) -> None:
    (tmp_path / "prod.cedar").write_text(f'@id("mine") {INTACT}', encoding="utf-8")
    gates = load_gates("prod", THRESHOLDS, tmp_path)
    assert decide("serve", SUBJECT, "alice", Facts(), gates).allowed
    assert gates.digest != GATES["prod"].digest
    assert gates.material()["conditions"] == f'@id("mine") {INTACT}'
    assert load_gates("report", THRESHOLDS, tmp_path).digest == gates.digest
    assert load_gates("dev", THRESHOLDS, tmp_path).digest == GATES["dev"].digest
    assert load_gates("prod", THRESHOLDS, tmp_path / "none").digest == GATES["prod"].digest


def test_broken_file_of_the_user_is_named_and_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "dev.cedar"
    for content in (b"permit", b"", b'@id("x") \xff', INTACT.encode()):
        path.write_bytes(content)
        with pytest.raises(InputError) as caught:
            load_gates("dev", THRESHOLDS, tmp_path)
        assert str(path) in caught.value.message


HOSTILE = (
    "",
    "O'Brien",
    'say "please"',
    'x", action, resource) when { true }; //',
    "DOMAIN\\user",
    "\\",
    '\\"',
    "Jürgen",
    "李",
    "😀",
    "a\nb\tc\r",
    "\x00\x1b[2K\x7f",
    "\u2028",
    "\\u{41}",
    "*",
)


@pytest.mark.parametrize("principal", HOSTILE)
def test_name_of_the_principal_changes_nothing(principal: str) -> None:
    allowed = decide("deploy", SUBJECT, principal, Facts(GOOD), GATES["prod"])
    assert (allowed.allowed, allowed.errors) == (True, ())
    facts = Facts(GOOD | {"scan_high": 1})
    denied = decide("deploy", SUBJECT, principal, facts, GATES["prod"])
    assert [missing.id for missing in denied.missing] == ["scan-clean"]


@given(st.text())
@settings(deadline=None)
def test_no_name_of_a_principal_is_an_error(principal: str) -> None:
    assert decide("deploy", SUBJECT, principal, Facts(GOOD), GATES["prod"]).allowed


@pytest.mark.parametrize("principal", HOSTILE)
def test_condition_about_the_principal_means_exactly_that_one(principal: str) -> None:
    gates = only_for(principal)
    assert decide("load", SUBJECT, principal, Facts(), gates).allowed
    for other in (principal + " ", f"{principal}'", "alice"):
        assert not decide("load", SUBJECT, other, Facts(), gates).allowed


def only_for(principal: str) -> Gates:
    """Gates that are open to one principal, written in Cedar's own escapes."""
    name = "".join(f"\\u{{{ord(character):x}}}" for character in principal)
    text = f'permit (principal, action, resource) when {{ principal == User::"{name}" }};'
    return parse_gates("dev", f'@id("x") {text}', THRESHOLDS, "test")


def test_condition_about_the_resource_sees_the_subject() -> None:
    text = f'permit (principal, action, resource) when {{ resource == Model::"{SUBJECT}" }};'
    gates = parse_gates("dev", f'@id("x") {text}', THRESHOLDS, "test")
    assert decide("load", SUBJECT, "alice", Facts(), gates).allowed
    assert not decide("load", "6b" * 32, "alice", Facts(), gates).allowed


def test_facts_are_not_changed_by_a_decision() -> None:
    values: dict[str, Any] = dict(GOOD)
    decide("deploy", SUBJECT, "alice", Facts(values), GATES["prod"])
    assert values == GOOD
