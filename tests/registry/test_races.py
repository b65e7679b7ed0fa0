"""Processes that change one version at once: nothing is lost, and no step is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence_samples import noon, start_child
from modelkeep.evidence import Keep, audit_log, open_keep
from modelkeep.registry import Stage, Version, approve, enter, find_version
from registry_samples import PEOPLE, Hands, decide, keep_with_people, registered

pytestmark = pytest.mark.slow
ROUNDS = 8


def prepare(folder: Path, stage: Stage, approvals: tuple[str, ...] = ()) -> None:
    """Keeps with a version of ada's in a stage, and everybody's private key beside them."""
    for name, key in PEOPLE.items():
        key.save(folder / f"{name}.pem")
    for number in range(ROUNDS):
        with keep_with_people(folder / f"{number:02}", Hands()) as keep:
            version = registered(keep, "ada")
            decide(keep, version.subject, "store")
            if stage is not Stage.QUARANTINE:
                version = enter(keep, find_version(keep, "credit"), stage, reason="checked")
            for name in approvals:
                approve(keep, version, reason="read it", key=PEOPLE[name])


def race(folder: Path, *racers: str) -> dict[str, tuple[set[str], list[str]]]:
    """By round: what was taken, and the sentences of what was refused."""
    found: dict[str, tuple[set[str], list[str]]] = {
        f"{number:02}": (set(), []) for number in range(ROUNDS)
    }
    child = start_child("race_in_registry", folder, *racers, module="registry_samples")
    output, _ = child.communicate(timeout=300)
    for line in output.splitlines():
        name, verb, rest = line.split(" ", 2)
        if verb == "took":
            found[name][0].add(rest)
        else:
            found[name][1].append(rest)
    assert all(len(taken) + len(refused) == len(racers) for taken, refused in found.values())
    return found


def read(folder: Path, name: str) -> tuple[Keep, Version]:
    keep = open_keep(folder / name / ".modelkeep", clock=noon)
    assert audit_log(keep) == []
    return keep, find_version(keep, "credit")


def test_one_of_many_takes_the_step_and_the_rest_are_refused(tmp_path: Path) -> None:
    prepare(tmp_path, Stage.QUARANTINE)
    found = race(tmp_path, *(f"candidate {who}" for who in ("ada", "bo", "cy")))
    for name, (taken, refused) in found.items():
        assert len(taken) == 1, refused
        assert all("no step from candidate to candidate" in sentence for sentence in refused)
        keep, version = read(tmp_path, name)
        assert version.earned is Stage.CANDIDATE
        keep.close()
    print(f"{ROUNDS} rounds of 3 promotions at once: 1 taken in each")  # noqa: T201


def test_steps_at_once_form_one_legal_way(tmp_path: Path) -> None:
    prepare(tmp_path, Stage.CANDIDATE, ("bo", "cy"))
    found = race(tmp_path, "approved ada", "revoked bo", "retired cy")
    both = 0
    for name, (taken, refused) in found.items():
        stages = {Stage(racer.partition(" ")[0]) for racer in taken}
        ends = {stage for stage in stages if stage.is_final}
        assert len(ends) <= 1, taken  # nothing leads on from there
        assert len(stages - ends) + len(ends) >= 1, refused
        assert all("there is no step from" in sentence for sentence in refused)
        keep, version = read(tmp_path, name)
        assert version.earned is (ends.pop() if ends else Stage.APPROVED)
        keep.close()
        both += len(stages) > 1
    print(f"{ROUNDS} rounds of approve, revoke, retire at once: {both} approved first")  # noqa: T201


def test_approvals_at_once_all_count_and_the_authors_never_does(tmp_path: Path) -> None:
    prepare(tmp_path, Stage.CANDIDATE)
    found = race(tmp_path, "approval bo", "approval cy", "approval ada", "approved cy")
    for name, (taken, refused) in found.items():
        assert taken - {"approved cy"} == {"approval bo", "approval cy"}, refused
        assert any("is the author" in sentence for sentence in refused)
        keep, version = read(tmp_path, name)
        assert version.approvals == ("bo", "cy")
        # Who read it before both of them cannot go on.
        assert (version.earned is Stage.APPROVED) == ("approved cy" in taken)
        keep.close()
    print(f"{ROUNDS} rounds of approvals at once: both counted in each")  # noqa: T201


def test_approval_that_came_too_late_is_told(tmp_path: Path) -> None:
    prepare(tmp_path, Stage.CANDIDATE)
    found = race(tmp_path, "approval bo", "revoked cy")
    late = 0
    for name, (taken, refused) in found.items():
        assert "revoked cy" in taken
        keep, version = read(tmp_path, name)
        assert ("approval bo" in taken) == (version.approvals == ("bo",)), refused
        late += "approval bo" not in taken
        keep.close()
    print(f"{ROUNDS} rounds of an approval and a revocation at once: {late} came late")  # noqa: T201
