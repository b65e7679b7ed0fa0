"""Reading versions back: names, numbers, approvals, and the log as the only truth."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from evidence_samples import DAY, tamper
from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.evidence import Keep, open_keep
from modelkeep.registry import (
    Stage,
    Version,
    ageing,
    approve,
    break_glass,
    contradiction,
    enter,
    facts_of,
    find_version,
    lacks,
    list_versions,
    read_version,
    register,
)
from registry_samples import PEOPLE, Hands, decide, keep_with_people, manifest_of, registered


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def keep(tmp_path: Path, clock: Hands) -> Iterator[Keep]:
    with keep_with_people(tmp_path, clock) as opened:
        yield opened


def test_versions_of_a_name_are_numbered_in_the_order_of_their_registration(
    keep: Keep,
) -> None:
    first, second = registered(keep, text=b"one"), registered(keep, text=b"two")
    assert [v.subject for v in list_versions(keep, "credit")] == [first.subject, second.subject]
    assert find_version(keep, "credit:1") == first
    assert find_version(keep, "credit") == find_version(keep, "credit:2") == second
    assert find_version(keep, first.subject.digest.sha256[:12]) == first
    for wrong in ("credit:0", "credit:3", "debit", "credit:x", first.subject.digest.sha256[:4]):
        with pytest.raises(InputError, match="no registered version"):
            find_version(keep, wrong)


def test_registered_bytes_are_not_registered_twice_and_names_are_plain(keep: Keep) -> None:
    registered(keep)
    with pytest.raises(UsageError, match="registered already"):
        registered(keep, "bo")
    subject, manifest = manifest_of(b"other")
    for name in ("", "a b", "../x;", "\u00e4"):
        with pytest.raises(UsageError, match="no name"):
            register(keep, name, subject, manifest)
    with pytest.raises(EvidenceError, match="do not lead to"):
        register(keep, "x", manifest_of(b"else")[0], manifest)


def test_way_up_needs_the_gate_and_two_people_who_are_not_the_author(keep: Keep) -> None:
    version = registered(keep, "ada")
    assert lacks(version, Stage.CANDIDATE) == ("no gate allowed to store it",)
    decide(keep, version.subject, "store")
    version = read(keep)
    version = enter(keep, version, Stage.CANDIDATE, reason="checked")
    with pytest.raises(UsageError, match="is the author"):
        approve(keep, version, reason="mine", key=PEOPLE["ada"])
    version = approve(keep, version, reason="read", key=PEOPLE["bo"])
    version = approve(keep, version, reason="read again", key=PEOPLE["bo"])
    assert lacks(version, Stage.APPROVED) == ("1 of 2 approvals",)
    with pytest.raises(UsageError, match="1 of 2 approvals"):
        enter(keep, version, Stage.APPROVED, reason="enough")
    version = approve(keep, version, reason="read", key=PEOPLE["cy"])
    version = enter(keep, version, Stage.APPROVED, reason="two agree")
    with pytest.raises(UsageError, match="no gate allowed to deploy"):
        enter(keep, version, Stage.DEPLOYED, reason="go")
    decide(keep, version.subject, "deploy")
    version = enter(keep, read(keep), Stage.DEPLOYED, reason="go")
    assert version.stage is Stage.DEPLOYED
    assert version.problems == ()


def read(keep: Keep) -> Version:
    version = read_version(keep, manifest_of(b"weights")[0].digest.sha256)
    assert version is not None
    return version


def test_person_with_two_keys_is_one_person(keep: Keep) -> None:
    version = registered(keep, "ada")
    decide(keep, version.subject, "store")
    version = enter(keep, read(keep), Stage.CANDIDATE, reason="checked")
    signer = keep.trust.signer("bo")
    keep.change_trust(lambda known: known.renamed("cy", "bo"))
    approve(keep, version, reason="read", key=PEOPLE["bo"])
    version = approve(keep, version, reason="read", key=PEOPLE["cy"])
    assert signer.name == "bo"
    assert version.approvals == ("bo",)


def test_refusal_after_an_allowance_is_what_counts(keep: Keep) -> None:
    version = registered(keep)
    decide(keep, version.subject, "store")
    decide(keep, version.subject, "store", "FAILED")
    with pytest.raises(UsageError, match="no gate allowed"):
        enter(keep, read(keep), Stage.CANDIDATE, reason="was fine yesterday")


def test_glass_holds_until_its_end_and_says_who_and_why(keep: Keep, clock: Hands) -> None:
    version = registered(keep)
    until = clock.now + DAY
    version = break_glass(
        keep, version, Stage.DEPLOYED, why="fraud wave", until=until, key=PEOPLE["bo"]
    )
    assert version.stage is Stage.DEPLOYED
    assert version.earned is Stage.QUARANTINE
    assert version.glass is not None
    assert (version.glass.who, version.glass.why) == ("bo", "fraud wave")
    clock.now = until
    assert read(keep).stage is Stage.QUARANTINE
    assert read(keep).glass is None
    with pytest.raises(UsageError, match="7 days"):
        break_glass(keep, read(keep), Stage.DEPLOYED, why="x", until=until + 8 * DAY)


def test_facts_that_were_not_earned_are_a_contradiction(keep: Keep) -> None:
    version = registered(keep)
    good = facts_of(Stage.QUARANTINE)
    assert contradiction(version, good) == ""
    assert "not earned" in contradiction(version, good | {"stage_quarantined": False})
    assert "stage_retired" in contradiction(version, {"stage_quarantined": True})


def test_database_edited_by_hand_makes_nothing_approved(keep: Keep, clock: Hands) -> None:
    version = registered(keep)
    decide(keep, version.subject, "store", "FAILED")
    root = keep.root
    keep.close()
    tamper(root, ("UPDATE entry SET body = replace(body, 'FAILED', 'PASSED')", ()))
    with open_keep(root, clock=clock) as again:
        found = read(again)
        assert found.decisions == ()
        assert lacks(found, Stage.CANDIDATE)
    tamper(root, ("UPDATE entry SET body = (SELECT body FROM entry WHERE seq = 0)", ()))
    with open_keep(root, clock=clock) as again:
        assert read(again).stage is Stage.QUARANTINE


def test_two_steps_at_once_are_one(keep: Keep) -> None:
    version = registered(keep)
    decide(keep, version.subject, "store")
    stale = read(keep)
    enter(keep, stale, Stage.CANDIDATE, reason="first")
    with pytest.raises(UsageError, match="there is no step from candidate to candidate"):
        enter(keep, stale, Stage.CANDIDATE, reason="second")
    assert read(keep).stage is Stage.CANDIDATE


def test_evidence_is_told_as_old_when_four_fifths_of_its_life_are_over(
    keep: Keep, clock: Hands
) -> None:
    from evidence_samples import SHAPES  # noqa: PLC0415 - the shape of a scan
    from modelkeep.evidence import make_statement  # noqa: PLC0415

    version = registered(keep)
    digest = version.subject.digest.sha256
    keep.record([make_statement("scan", (version.subject,), SHAPES["scan"], clock=clock)])
    start = clock.now
    for days, expected in ((23.9, []), (24, ["80%"]), (29.9, ["100%"]), (30, ["expired"])):
        found = ageing(keep, digest, start + dt.timedelta(days=days))
        assert [item.predicate for item in found] == ["scan"] * len(expected)
        assert all(part in item.sentence() for part, item in zip(expected, found, strict=True))


def test_approval_of_what_was_revoked_meanwhile_is_refused(keep: Keep) -> None:
    version = registered(keep, "ada")
    decide(keep, version.subject, "store")
    stale = enter(keep, read(keep), Stage.CANDIDATE, reason="checked")
    enter(keep, stale, Stage.REVOKED, reason="backdoor")
    with pytest.raises(UsageError, match=r"is not approved by it: .* no candidate") as late:
        approve(keep, stale, reason="read", key=PEOPLE["bo"])
    assert late.value.hint == "See `modelkeep registry show credit`."
    assert read(keep).approvals == ()
