"""What was made from what: one graph over all statements of the log that count.

An arrow leads from a material to what a statement says was made, or measured, with it:
data sets, code and a base model to the model of a training run, an old model to its
hardened form, a data set to a cleaned one. A statement whose signer may not say so draws
no arrow, and is counted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from modelkeep.core import EvidenceError
from modelkeep.evidence.keep import Keep
from modelkeep.evidence.predicates import by_uri
from modelkeep.evidence.statement import (
    Statement,
    parse_statement,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.store_tables import Entry
from modelkeep.evidence.trust_map import Place


@dataclass(frozen=True, slots=True)
class Node:
    """A model, data set, or other subject.

    Attributes:
        sha256: its digest.
        kind: what it is.
        name: what it was called last.
        seals: ids of statements that seal it, oldest first.
        stage: stage that the newest statement about it names; empty if none does.
    """

    sha256: str
    kind: str
    name: str
    seals: tuple[str, ...] = ()
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Arrow:
    """``target`` was made, or measured, with ``source``; ``how`` is the predicate."""

    source: str
    target: str
    how: str
    statement_id: str


@dataclass(slots=True)
class Lineage:
    """A graph, or the part of one that a walk reached.

    Attributes:
        nodes: by digest; of a walk in the order they were reached.
        arrows: in log order.
        ignored: statements that do not count.
    """

    nodes: dict[str, Node] = field(default_factory=dict)
    arrows: list[Arrow] = field(default_factory=list)
    ignored: int = 0


def read_lineage(keep: Keep) -> Lineage:
    """The graph of a whole log."""
    graph, now = Lineage(), keep.clock()
    for entry in keep.store.entries():
        try:
            made = _counted(keep, entry, now)
            materials = [_node(material) for material in _materials(made)]
        except (EvidenceError, KeyError, TypeError, AttributeError):
            graph.ignored += 1
            continue
        row = by_uri(made.predicate_type)
        how, identity = (row.key if row is not None else ""), statement_id(entry.body)
        node = _about(graph, made, how, identity)
        for material in materials:
            graph.nodes.setdefault(material.sha256, material)
            if material.sha256 != node.sha256:
                graph.arrows.append(Arrow(material.sha256, node.sha256, how, identity))
    return graph


def walk(graph: Lineage, sha256: str, *, up: bool) -> Lineage:
    """What a subject comes from (``up``), or what came of it; nearest first.

    Raises:
        EvidenceError: no statement that counts is about it or names it.
    """
    if sha256 not in graph.nodes:
        raise EvidenceError(f"the log knows nothing of {sha256[:12]}")
    reached, waiting = {sha256: graph.nodes[sha256]}, [sha256]
    beside: dict[str, list[str]] = {}
    for arrow in graph.arrows:
        here, there = (arrow.target, arrow.source) if up else (arrow.source, arrow.target)
        beside.setdefault(here, []).append(there)
    for here in waiting:  # grows while it is walked; each digest is in it once
        for there in beside.get(here, ()):
            if there not in reached:
                reached[there] = graph.nodes[there]
                waiting.append(there)
    inside = [a for a in graph.arrows if a.source in reached and a.target in reached]
    return Lineage(reached, inside, graph.ignored)


def _counted(keep: Keep, entry: Entry, now: dt.datetime) -> Statement:
    payload, keyid = verify_envelope(entry.body, keep.trust.keys())
    made = parse_statement(payload)
    place = Place(keep.origin, entry.seq)
    if made.issued > now or not keep.trust.allows(
        keyid, made.predicate_type, made.issued, place
    ):
        raise EvidenceError("its signer may not say so")
    return made


def _about(graph: Lineage, made: Statement, how: str, identity: str) -> Node:
    subject = made.subjects[0]
    fresh = Node(subject.digest.sha256, subject.kind, subject.name)
    node = replace(graph.nodes.get(fresh.sha256, fresh), kind=fresh.kind, name=fresh.name)
    if how == "seal":
        node = replace(node, seals=(*node.seals, identity))
    if how == "stage":
        node = replace(node, stage=str(made.predicate["after"]))
    graph.nodes[node.sha256] = node
    return node


def _materials(made: Statement) -> Iterator[dict[str, Any]]:
    said = made.predicate
    yield from said.get("materials", ())
    if "changed_from" in said:
        yield said["changed_from"]
    for used in said.get("buildDefinition", {}).get("resolvedDependencies", ()):
        if "sha256" in used["digest"]:  # a git commit is no subject of the log
            yield used


def _node(material: dict[str, Any]) -> Node:
    kind = material.get("kind") or material.get("annotations", {}).get("kind", "")
    return Node(str(material["digest"]["sha256"]), str(kind), str(material.get("name", "")))
