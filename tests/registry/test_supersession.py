"""A newer version that is deployed takes the place of older ones, and gives it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from evidence_samples import tamper
from modelkeep.core import EvidenceError, UsageError
from modelkeep.evidence import Keep, by_key, gather_facts
from modelkeep.registry import (
    Stage,
    Version,
    approve,
    enter,
    find_version,
    register,
    superseded_by,
)
from registry_samples import PEOPLE, Hands, decide, keep_with_people, manifest_of, registered


@pytest.fixture
def keep(tmp_path: Path) -> Iterator[Keep]:
    with keep_with_people(tmp_path, Hands()) as opened:
        yield opened


def approved(keep: Keep, text: bytes) -> Version:
    version = registered(keep, "ada", text)
    for action in ("store", "deploy"):
        decide(keep, version.subject, action)
    reference = version.subject.digest.sha256
    version = enter(keep, find_version(keep, reference), Stage.CANDIDATE, reason="checked")
    for name in ("bo", "cy"):
        approve(keep, version, reason="read", key=PEOPLE[name])
    return enter(keep, find_version(keep, reference), Stage.APPROVED, reason="agreed")


def move(keep: Keep, number: int, after: Stage) -> Version:
    return enter(keep, find_version(keep, f"credit:{number}"), after, reason="next")


def fact(keep: Keep, number: int) -> object:
    """What a gate is told about a version."""
    digest = find_version(keep, f"credit:{number}").subject.digest.sha256
    bodies = [entry.body for entry in keep.store.entries(digest)]
    found = gather_facts(bodies, digest, keep.trust, keep.clock())
    return found.values.get("superseded")


def test_older_versions_are_superseded_while_a_newer_one_is_deployed(keep: Keep) -> None:
    versions = [approved(keep, text) for text in (b"one", b"two", b"three")]
    move(keep, 1, Stage.DEPLOYED)
    assert [fact(keep, n) for n in (1, 2, 3)] == [None, None, None]
    before = keep.store.newest_checkpoint()
    move(keep, 2, Stage.DEPLOYED)
    assert [fact(keep, n) for n in (1, 2, 3)] == [True, None, None]
    by = superseded_by(keep, find_version(keep, "credit:1"))
    assert by == versions[1].subject.digest.sha256
    notes = keep.store.checkpoints()
    assert notes[notes.index(before or "") + 1 :] == [
        keep.store.newest_checkpoint()
    ]  # one commit
    move(keep, 3, Stage.DEPLOYED)
    assert [fact(keep, n) for n in (1, 2, 3)] == [True, True, None]
    move(keep, 3, Stage.REVOKED)
    assert [fact(keep, n) for n in (1, 2, 3)] == [True, False, None]
    move(keep, 2, Stage.APPROVED)
    assert [fact(keep, n) for n in (1, 2, 3)] == [False, False, None]
    assert superseded_by(keep, find_version(keep, "credit:1")) == ""


def test_other_names_and_versions_at_their_end_are_left_alone(keep: Keep) -> None:
    approved(keep, b"one")
    move(keep, 1, Stage.RETIRED)
    other, manifest = manifest_of(b"other")
    register(keep, "debit", other, manifest, PEOPLE["ada"])
    approved(keep, b"two")
    move(keep, 2, Stage.DEPLOYED)
    assert keep.store.entries_of(by_key("supersession").uri) == []


def test_step_that_came_too_late_supersedes_nothing(keep: Keep) -> None:
    approved(keep, b"one")
    stale = approved(keep, b"two")
    move(keep, 2, Stage.REVOKED)
    with pytest.raises(UsageError, match="does not become deployed"):
        enter(keep, find_version_as(stale, keep), Stage.DEPLOYED, reason="next")
    assert fact(keep, 1) is False


def find_version_as(stale: Version, keep: Keep) -> Version:
    """A version as it was read before somebody else took a step, with its decisions."""
    found = find_version(keep, stale.subject.digest.sha256)
    assert found.earned is Stage.REVOKED
    return stale


def test_keep_that_is_older_says_so_before_anything_is_written(keep: Keep) -> None:
    approved(keep, b"one")
    approved(keep, b"two")
    keep.change_trust(
        lambda known: msgspec.structs.replace(
            known,
            signers=tuple(
                msgspec.structs.replace(
                    one, predicates=tuple(p for p in one.predicates if p != "supersession")
                )
                for one in known.signers
            ),
        )
    )
    size = keep.store.size()
    with pytest.raises(EvidenceError, match="may not assert supersession") as refused:
        move(keep, 2, Stage.DEPLOYED)
    assert refused.value.hint == "Upgrade it: modelkeep init --upgrade"
    assert keep.store.size() == size


def test_statement_under_another_name_is_refused(keep: Keep) -> None:
    approved(keep, b"one")
    approved(keep, b"two")
    move(keep, 2, Stage.DEPLOYED)
    first = "SELECT body FROM entry WHERE seq = 0"
    edit = f"UPDATE entry SET body = ({first}) WHERE predicate_type = ?"
    tamper(keep.root, (edit, (by_key("supersession").uri,)))
    with pytest.raises(EvidenceError, match="is not the supersession it is filed as"):
        superseded_by(keep, find_version(keep, "credit:1"))
