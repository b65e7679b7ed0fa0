"""Roles: given by who administers, told from the log, and nothing that was not given."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from evidence_samples import DAY, NOON, model
from modelkeep.core import UsageError
from modelkeep.evidence import (
    Keep,
    SigningKey,
    by_key,
    create_keep,
    make_statement,
    rotate_key,
    seal,
)
from modelkeep.policy import assign, own_keys, read_assignments


class Clock:
    """A clock that a test moves."""

    now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return create_keep(tmp_path / ".modelkeep", "dev", clock=Clock())


def give(keep: Keep, principal: str, role: str, by: str = "root", **more: object) -> None:
    assign(keep, principal, role, by=by, reason="test", **more)  # type: ignore[arg-type]


def forge(keep: Keep, key: SigningKey, principal: str, role: str, by: str) -> None:
    fields = {
        "facts": {}, "change": "grant", "principal": principal, "role": role,
        "resource": "", "by": by, "reason": "mine",
    }  # fmt: skip
    made = make_statement("access", (model(),), fields, clock=keep.clock)
    keep.file([seal(made.to_bytes(), key)])


def test_fresh_keep_is_its_creators_and_the_first_grant_makes_them_administrator(
    keep: Keep,
) -> None:
    assert not read_assignments(keep).begun
    give(keep, "ada", "scientist")
    found = read_assignments(keep)
    assert [(a.principal, a.role) for a in found.held] == [
        ("root", "administrator"),
        ("ada", "scientist"),
    ]
    assert (found.roles("ada"), found.roles("bo")) == (("scientist",), ())


def test_only_an_administrator_gives_and_the_last_one_stays(keep: Keep) -> None:
    give(keep, "ada", "scientist")
    with pytest.raises(UsageError, match="ada does not administer"):
        give(keep, "ada", "administrator", by="ada")
    with pytest.raises(UsageError, match="last administrator"):
        give(keep, "root", "administrator", revoke=True)
    give(keep, "bo", "administrator")
    give(keep, "root", "administrator", by="bo", revoke=True)
    with pytest.raises(UsageError, match="root does not administer"):
        give(keep, "root", "operator")


def test_role_ends_when_revoked_and_when_its_time_is_over(keep: Keep) -> None:
    give(keep, "ada", "scientist")
    give(keep, "bo", "operator", until=NOON + DAY)
    give(keep, "ada", "scientist", revoke=True)
    found = read_assignments(keep)
    assert (found.roles("ada"), found.roles("bo")) == ((), ("operator",))
    later = read_assignments(keep, NOON + DAY)
    assert (later.roles("bo"), later.begun) == ((), True)
    with pytest.raises(UsageError, match="does not hold"):
        give(keep, "ada", "scientist", revoke=True)


def test_role_on_one_subject_is_a_role_on_no_other(keep: Keep) -> None:
    give(keep, "ada", "operator", resource=model("a"))
    give(keep, "ada", "owner", resource=model("b"))
    found = read_assignments(keep)
    assert found.roles("ada", model("a").digest.sha256) == ("operator",)
    assert found.roles("ada", model("b").digest.sha256) == ()
    assert found.owner(model("b").digest.sha256) == "ada"
    assert found.owner(model("a").digest.sha256) == ""


@pytest.mark.parametrize(("role", "says"), [("god", "no role 'god'"), ("owner", "one subject")])
def test_role_that_is_none_is_refused(keep: Keep, role: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        give(keep, "ada", role)
    with pytest.raises(UsageError, match="future"):
        give(keep, "ada", "operator", until=NOON)
    assert not read_assignments(keep).begun


def test_trusted_signer_speaks_for_nobody_else(keep: Keep) -> None:
    eve = SigningKey.generate("p256")
    keep.change_trust(lambda known: known.with_signer("eve", eve.public, ("access",)))
    give(keep, "ada", "scientist")
    forge(keep, eve, "eve", "administrator", by="root")
    found = read_assignments(keep)
    assert found.roles("eve") == ()
    assert "eve did not administer" in found.problems[0]
    give(keep, "eve", "administrator")
    forge(keep, eve, "eve", "operator", by="eve")
    assert read_assignments(keep).roles("eve") == ("operator", "administrator")


def test_first_role_is_not_given_by_a_stranger_in_a_keep_of_one(keep: Keep) -> None:
    eve = SigningKey.generate("p256")
    keep.change_trust(lambda known: known.with_signer("eve", eve.public, ("access",)))
    forge(keep, eve, "eve", "administrator", by="root")
    found = read_assignments(keep)
    assert (found.begun, found.held) == (False, ())
    assert "own key" in found.problems[0]
    with pytest.raises(UsageError, match="own key"):
        give(keep, "eve", "administrator", by="eve", key=eve)


def test_signer_without_the_grant_of_the_trust_map_counts_for_nothing(keep: Keep) -> None:
    eve = SigningKey.generate("p256")
    keep.change_trust(lambda known: known.with_signer("root", eve.public, ("scan",)))
    give(keep, "ada", "scientist")
    forge(keep, eve, "eve", "administrator", by="root")
    found = read_assignments(keep)
    assert found.roles("eve") == ()
    assert "may not say so" in found.problems[0]


def test_rotation_keeps_roles_and_no_other_key_becomes_the_keeps_own(keep: Keep) -> None:
    give(keep, "ada", "scientist")
    old = keep.key.public.keyid
    stranger = SigningKey.generate("p256").public
    keep.change_trust(
        lambda known: known.with_signer(f"x-{stranger.keyid[:8]}", stranger, ("access",))
    )
    rotate_key(keep)
    rotate_key(keep)
    assert old in own_keys(keep)
    assert stranger.keyid not in own_keys(keep)
    assert len(own_keys(keep)) == 3
    found = read_assignments(keep, NOON + DAY)
    assert (found.roles("ada"), found.problems) == (("scientist",), ())


def test_statement_from_the_future_does_not_count_yet(keep: Keep) -> None:
    give(keep, "ada", "scientist")
    assert not read_assignments(keep, NOON - DAY).begun
    assert by_key("access").facts == {}
