"""Lineage: every arrow a statement that counts draws, both ways, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from evidence_samples import model, noon, statement
from modelkeep.core import EvidenceError, Subject
from modelkeep.evidence import Keep, SigningKey, create_keep, read_lineage, seal, walk

DATA = Subject("dataset", "train.csv", model("train.csv").digest)
OLD, NEW, OTHER = model("old"), model("new"), model("other")


def material(subject: Subject) -> dict[str, object]:
    digest = {"sha256": subject.digest.sha256}
    return {"name": subject.name, "kind": subject.kind, "digest": digest}


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    made = create_keep(tmp_path / ".modelkeep", "dev", clock=noon)
    built = statement("training", OLD).predicate["buildDefinition"]
    used = [material(DATA), {"name": "repository", "digest": {"gitCommit": "0" * 40}}]
    built["resolvedDependencies"] = used
    hardened = {"changed_from": material(OLD), "materials": [material(OTHER)]}
    made.record(
        [
            statement("seal", DATA),
            statement("training", OLD, fields={"buildDefinition": built}),
            statement("hardening", NEW, fields=hardened),
        ]
    )
    return made


def names(keep: Keep, subject: Subject, *, up: bool) -> list[str]:
    return [
        n.name for n in walk(read_lineage(keep), subject.digest.sha256, up=up).nodes.values()
    ]


def test_walk_up_reaches_the_data_and_names_its_seal(keep: Keep) -> None:
    assert names(keep, NEW, up=True) == ["new", "other", "old", "train.csv"]
    found = walk(read_lineage(keep), NEW.digest.sha256, up=True)
    assert found.nodes[DATA.digest.sha256].seals == (keep.store.entries()[0].statement_id,)
    assert [a.how for a in found.arrows] == ["training", "hardening", "hardening"]


def test_walk_down_reaches_what_came_of_it_and_nothing_beside(keep: Keep) -> None:
    assert names(keep, DATA, up=False) == ["train.csv", "old", "new"]
    assert names(keep, NEW, up=False) == ["new"]
    assert names(keep, OLD, up=True) == ["old", "train.csv"]


def test_statements_about_one_subject_can_be_read_alone(keep: Keep) -> None:
    graph = read_lineage(keep, NEW.digest.sha256)
    assert {a.target for a in graph.arrows} == {NEW.digest.sha256}
    assert {graph.nodes[a.source].name for a in graph.arrows} == {"old", "other"}


def test_ring_of_statements_ends(keep: Keep) -> None:
    ring = {"changed_from": material(NEW), "materials": [material(OLD)]}
    keep.record([statement("hardening", OLD, fields=ring)])
    assert sorted(names(keep, DATA, up=False)) == ["new", "old", "train.csv"]


def test_statement_of_a_signer_who_may_not_draws_no_arrow(keep: Keep) -> None:
    eve = SigningKey.generate("p256")
    keep.change_trust(lambda known: known.with_signer("eve", eve.public, ("scan",)))
    forged = statement("hardening", OTHER, fields={"changed_from": material(DATA)})
    keep.file([seal(forged.to_bytes(), eve)])
    found = read_lineage(keep)
    assert (len(found.arrows), found.ignored) == (3, 1)


def test_subject_the_log_does_not_know_is_an_error(keep: Keep) -> None:
    with pytest.raises(EvidenceError, match="knows nothing"):
        walk(read_lineage(keep), "0" * 64, up=True)
