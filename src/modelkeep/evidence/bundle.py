"""A bundle: the evidence about one subject, with proofs, for somebody else to verify.

It holds the envelopes byte for byte, their inclusion proofs, the checkpoint they
lead to, consistency proofs from earlier checkpoints, and the policy of the newest
decision. It holds no trust map: the verifier brings their own, because a map (or a
verifier) that travels with the evidence proves nothing.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any, Final

from modelkeep.core import EvidenceError, InputError
from modelkeep.core.clock import timestamp
from modelkeep.evidence.checkpoint import Checkpoint, parse_checkpoint, verify_checkpoint
from modelkeep.evidence.facts import Facts, gather_facts
from modelkeep.evidence.keep import Keep
from modelkeep.evidence.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from modelkeep.evidence.predicates import by_key
from modelkeep.evidence.statement import (
    Statement,
    parse_envelope,
    parse_statement,
    statement_id,
    verify_envelope,
)
from modelkeep.evidence.trust_map import Place, TrustMap

FORMAT: Final = "urn:modelkeep:bundle:1"
_CHECKPOINTS: Final = 256  # newest earlier checkpoints a bundle proves itself against


def export_bundle(
    keep: Keep, subject: str, policy: dict[str, Any] | None, anchor: str | None = None
) -> dict[str, Any]:
    """Everything recorded about a subject as a bundle.

    Args:
        keep: whose evidence.
        subject: sha256 of the subject, hex.
        policy: texts the newest decision was made by (see ``policy``).
        anchor: a checkpoint the receiver keeps; a proof from it is added.

    Raises:
        InputError: nothing is recorded about the subject.
    """
    entries = keep.store.entries(subject)
    if not entries:
        raise InputError(
            f"nothing is recorded about sha256:{subject}", "Run `modelkeep check`."
        )
    notes = keep.store.checkpoints()
    size = parse_checkpoint(notes[-1]).size
    older = {parse_checkpoint(note).size for note in notes[-_CHECKPOINTS:]}
    if anchor is not None:
        older.add(parse_checkpoint(anchor).size)
    lookup = keep.store.node
    return {
        "format": FORMAT,
        "subject": subject,
        "created": timestamp(keep.clock()),
        "entries": [
            {
                "index": entry.seq,
                "envelope": base64.b64encode(entry.body).decode(),
                "proof": [part.hex() for part in inclusion_proof(entry.seq, size, lookup)],
            }
            for entry in entries
        ],
        "checkpoint": notes[-1],
        "consistency": [
            {
                "size": old,
                "proof": [part.hex() for part in consistency_proof(old, size, lookup)],
            }
            for old in sorted(older)
            if 0 < old < size
        ],
        "policy": policy,
    }


@dataclass(slots=True)
class BundleReport:
    """What verifying a bundle found.

    Attributes:
        problems: what does not hold, each a sentence; empty means it all holds.
        notes: what a reader should know besides.
        facts: what may be believed now.
        facts_then: what could be believed when the newest decision was made.
        decision: the newest decision, if there is one.
        policy: the policy texts in the bundle.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: Facts = field(default_factory=Facts)
    facts_then: Facts = field(default_factory=Facts)
    decision: Statement | None = None
    policy: dict[str, Any] | None = None


def verify_bundle(
    data: bytes, trust: TrustMap, now: dt.datetime, anchor: str | None = None
) -> BundleReport:
    """Verify a bundle against the verifier's own trust map.

    Args:
        data: the bundle file.
        trust: the verifier's trust map.
        now: the moment at which statements must be in force.
        anchor: a checkpoint the verifier keeps.

    Raises:
        EvidenceError: not a bundle at all.
    """
    bundle = _parse(data)
    report = BundleReport(policy=bundle.get("policy"))
    try:
        checkpoint = _verify_note(str(bundle["checkpoint"]), trust)
    except EvidenceError as error:
        report.problems.append(error.message)
        return report
    if anchor is not None:
        report.problems += _anchor_problems(bundle, trust, anchor)
    bodies: list[bytes] = []
    places: list[Place] = []
    last = -1
    for item in bundle["entries"]:
        body, index, proof = item
        try:
            verify_inclusion(leaf_hash(body), index, checkpoint.size, proof, checkpoint.root)
            payload, _ = verify_envelope(body, trust.keys())
            _require_subject(parse_statement(payload), bundle["subject"])
        except EvidenceError as error:
            report.problems.append(f"entry {index}: {error.message}")
            continue
        if index <= last:
            report.problems.append(f"entry {index} stands behind entry {last} (re-ordered)")
        last = index
        bodies.append(body)
        places.append(Place(checkpoint.origin, index))
    _read_facts(report, list(zip(bodies, places, strict=True)), bundle["subject"], trust, now)
    return report


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a whole number")
    return value


def _parse(data: bytes) -> dict[str, Any]:
    try:
        bundle = json.loads(data)
        if bundle["format"] != FORMAT:
            raise EvidenceError(f"bundle format {bundle['format']!r} is not known")
        bundle["entries"] = [
            (
                base64.b64decode(item["envelope"], validate=True),
                _whole(item["index"]),
                [bytes.fromhex(part) for part in item["proof"]],
            )
            for item in bundle["entries"]
        ]
        bundle["consistency"] = {
            _whole(item["size"]): [bytes.fromhex(part) for part in item["proof"]]
            for item in bundle["consistency"]
        }
        str(bundle["subject"]), str(bundle["checkpoint"])
    except (ValueError, KeyError, TypeError, binascii.Error, RecursionError) as error:
        raise EvidenceError(f"not an evidence bundle: {error!r}") from error
    return dict(bundle)


def _verify_note(note: str, trust: TrustMap) -> Checkpoint:
    origin = parse_checkpoint(note).origin
    for log in trust.logs:
        if log.origin == origin:
            return verify_checkpoint(note, log.vkey)
    raise EvidenceError(f"the trust map does not know the log {origin!r}")


def _anchor_problems(bundle: dict[str, Any], trust: TrustMap, anchor: str) -> list[str]:
    try:
        new = _verify_note(str(bundle["checkpoint"]), trust)
        kept = _verify_note(anchor, trust)
        if kept.origin != new.origin:
            return [f"the anchor is of log {kept.origin!r}, the bundle of {new.origin!r}"]
        if kept.size > new.size:
            return [f"the bundle's log has {new.size} entries, the anchor saw {kept.size}"]
        proof = bundle["consistency"].get(kept.size, [])
        if kept.size < new.size and not proof:
            return [f"no proof from the anchor's {kept.size} entries: export with --anchor"]
        verify_consistency(kept.size, new.size, proof, kept.root, new.root)
    except EvidenceError as error:
        return [f"anchor: {error.message}"]
    return []


def _require_subject(statement: Statement, subject: str) -> None:
    if statement.subjects[0].digest.sha256 != subject:
        raise EvidenceError(f"is about {statement.subjects[0].digest}, not about the subject")


def _read_facts(
    report: BundleReport,
    entries: list[tuple[bytes, Place]],
    subject: str,
    trust: TrustMap,
    now: dt.datetime,
) -> None:
    bodies, places = [body for body, _ in entries], [place for _, place in entries]
    report.facts = gather_facts(bodies, subject, trust, now, places)
    report.notes += report.facts.ignored
    found = _newest_decision(report, entries, trust)
    if found is None:
        report.notes.append("the bundle holds no decision")
        return
    position, statement, rests_on = found
    report.decision = statement
    report.facts_then = gather_facts(
        bodies[:position], subject, trust, statement.issued, places[:position]
    )
    known = {statement_id(body) for body in bodies}
    report.problems += [
        f"the decision rests on {digest[:12]}, not in the bundle"
        for digest in rests_on
        if digest not in known
    ]


def _newest_decision(
    report: BundleReport, entries: list[tuple[bytes, Place]], trust: TrustMap
) -> tuple[int, Statement, list[str]] | None:
    """The decision issued last: its place, itself, and what it rests on.

    By time of issue, so that an old one logged again is not taken for the newest.
    """
    newest: tuple[int, Statement, list[str]] | None = None
    uri = by_key("decision").uri
    bodies = [body for body, _ in entries]
    for position, (body, place) in enumerate(entries):
        payload, keyid = verify_envelope(body, trust.keys())
        statement = parse_statement(payload)
        if statement.predicate_type != uri:
            continue
        try:
            issued, rests_on = statement.issued, _inputs(statement)
        except EvidenceError as error:
            report.problems.append(f"the decision cannot be read: {error.message}")
            continue
        if not trust.allows(keyid, uri, issued, place):
            report.problems.append(f"signer {keyid[:12]} may not assert decisions")
            continue
        if newest is None or issued > newest[1].issued or _later(position, newest, bodies):
            newest = (position, statement, rests_on)
    return newest


def _later(
    position: int, newest: tuple[int, Statement, list[str]], bodies: list[bytes]
) -> bool:
    """Whether a decision of the same second follows, and is not the same one again."""
    issued = parse_statement(parse_envelope(bodies[position]).payload).issued
    return issued == newest[1].issued and bodies[position] not in bodies[:position]


def _inputs(statement: Statement) -> list[str]:
    """Ids of the statements a decision rests on.

    Raises:
        EvidenceError: the decision does not list them as it should.
    """
    try:
        return [
            str(item["digest"]["sha256"]) for item in statement.predicate["inputAttestations"]
        ]
    except (KeyError, TypeError) as error:
        raise EvidenceError(f"inputAttestations: {error!r}") from error
