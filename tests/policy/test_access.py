"""Access: every cell of role, action, stage and evidence as declared, and nothing more."""

from __future__ import annotations

import itertools

import pytest

from modelkeep.core import InputError, UsageError
from modelkeep.policy import (
    ACCESS_ACTIONS,
    ROLES,
    AccessRequest,
    Principal,
    Resource,
    authorise,
    load_access,
    parse_access,
    review,
)

POLICY = load_access(None)
STAGES = ("", "quarantine", "candidate", "approved", "deployed", "retired", "revoked")
ALL = frozenset(STAGES)
# (role, action, kind, whose): stages in which it is allowed; with sound evidence only, if True.
DECLARED: dict[tuple[str, str, str, str], tuple[frozenset[str], bool]] = {}


def declare(
    role: str, actions: str, kinds: str, whose: str, stages: frozenset[str], *, sound: bool
) -> None:
    for action, kind, owner in itertools.product(actions.split(), kinds.split(), whose.split()):
        DECLARED[role, action, kind, owner] = (stages, sound)


BOTH, ANY = "model dataset", "own other"
for _role in ROLES:
    declare(_role, "read_metadata", BOTH, ANY, ALL, sound=False)
declare("consumer", "query", "model", ANY, frozenset({"deployed"}), sound=True)
declare("scientist", "read_data", "dataset", "own", ALL, sound=True)
declare("scientist", "modify", BOTH, "own", frozenset({"", "quarantine"}), sound=False)
declare("scientist", "read_weights", "model", "own", frozenset({"", "candidate"}), sound=True)
declare("scientist", "query", "model", "own", ALL - {"retired", "revoked"}, sound=False)
declare("operator", "query", "model", ANY, ALL - {"", "retired", "revoked"}, sound=True)
declare(
    "scientist", "sign", BOTH, "own", frozenset({"", "quarantine", "candidate"}), sound=True
)
declare("reviewer", "approve", "model", "other", frozenset({"candidate"}), sound=True)
declare(
    "operator",
    "promote",
    "model",
    ANY,
    frozenset({"quarantine", "candidate", "approved"}),
    sound=True,
)
declare(
    "operator",
    "deploy read_weights",
    "model",
    ANY,
    frozenset({"approved", "deployed"}),
    sound=True,
)
declare("auditor", "export", BOTH, ANY, ALL, sound=False)
declare("administrator", "administer", BOTH, ANY, ALL, sound=False)


@pytest.mark.parametrize("action", ACCESS_ACTIONS)
@pytest.mark.parametrize("role", ROLES)
def test_every_cell_is_as_declared(role: str, action: str) -> None:
    for kind, whose, stage, sound in itertools.product(
        ("model", "dataset"), ("own", "other"), STAGES, (True, False)
    ):
        principal = Principal("ada", (role,))
        owner = "ada" if whose == "own" else "bo"
        resource = Resource(kind, "0" * 64, owner, stage, sound)  # type: ignore[arg-type]
        stages, needs = DECLARED.get((role, action, kind, whose), (frozenset(), True))
        expected = stage in stages and (sound or not needs)
        found = authorise(principal, action, resource, POLICY)
        assert found.allowed is expected, (role, action, kind, whose, stage, sound)
        assert bool(found.grants) is expected


def test_nobody_without_a_role_does_anything() -> None:
    for action, stage in itertools.product(ACCESS_ACTIONS, STAGES):
        resource = Resource("model", "0" * 64, "ada", stage, sound=True)
        assert not authorise(Principal("ada"), action, resource, POLICY).allowed
        stranger = Principal("ada", ("root", "admin", "*"))
        assert not authorise(stranger, action, resource, POLICY).allowed


def test_unknown_action_is_a_usage_error_and_odd_names_are_data() -> None:
    resource = Resource("model", "0" * 64)
    with pytest.raises(UsageError, match="unknown action"):
        authorise(Principal("ada"), "fly", resource, POLICY)
    odd = Principal('a"::User::"b', ("auditor",))
    assert authorise(odd, "export", resource, POLICY).allowed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("permit (principal, action, resource);", "without an @id"),
        ('@id("x") forbid (principal, action, resource);', "grants are permits"),
        ('@id("x") permit (principal, action, resource) when { principal.rank > 3 };', "rank"),
        ('@id("x") permit (principal, action, resource', "does not parse"),
        (
            (
                '@id("x") permit (principal, action, resource);\n'
                '@id("x") permit (principal, action, resource);'
            ),
            "of its own",
        ),
    ],
)
def test_policy_that_cannot_be_trusted_is_refused(text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        parse_access(text, "own.cedar")


def test_review_finds_exactly_the_planted_unused_grants() -> None:
    planted = POLICY.text + (
        '@id("planted-export") permit (principal, action == Action::"export", resource)\n'
        'when { principal.roles.contains("consumer") };\n'
        '@id("planted-query") permit (principal, action == Action::"query", resource)\n'
        'when { principal.roles.contains("auditor") };\n'
    )
    policy = parse_access(planted, "planted")
    requests = [
        AccessRequest(Principal("ada", (role,)), action, resource)
        for role, action, stage in itertools.product(ROLES, ACCESS_ACTIONS, STAGES)
        for owner in ("ada", "bo")
        for resource in (
            Resource("model", "0" * 64, owner, stage, sound=True),
            Resource("dataset", "1" * 64, owner, stage, sound=True),
        )
        if authorise(Principal("ada", (role,)), action, resource, POLICY).allowed
    ]
    found = review(requests, policy)
    assert set(found.unused) == {"planted-export", "planted-query"}
    assert found.broken == ()
    assert all(found.used[name] for name in POLICY.grants)


def test_grant_that_is_needed_is_not_called_unused() -> None:
    request = AccessRequest(
        Principal("ada", ("auditor",)), "export", Resource("model", "0" * 64)
    )
    found = review([request], POLICY)
    assert "auditor-exports" not in found.unused
    assert len(found.unused) == len(POLICY.grants) - 1
    with pytest.raises(UsageError, match="no grant"):
        POLICY.without("nothing")
