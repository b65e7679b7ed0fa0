"""``modelkeep evidence``: list, show, export, verify and prove what was recorded."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from modelkeep import evidence
from modelkeep.core import (
    Digest,
    EvidenceError,
    InputError,
    ModelkeepError,
    Subject,
    settings,
)
from modelkeep.core.settings import Value
from modelkeep.evidence import (
    BundleReport,
    Entry,
    Keep,
    SigningKey,
    audit_log,
    by_uri,
    export_bundle,
    inclusion_proof,
    load_trust_map,
    parse_envelope,
    parse_statement,
    read_anchor,
    utc_now,
    verify_bundle,
)
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import digest_model
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import load_decided_policy, open_workspace
from modelkeep.policy import decide, parse_gates, policy_digest


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as the list shows it."""

    index: int
    statement_id: str
    predicate: str
    subject: str
    name: str
    issued: str
    expires: str
    expired: bool


@dataclass(slots=True)
class Outcome:
    """What verifying found.

    Attributes:
        problems: what does not hold; empty means it all holds.
        notes: what a reader should know besides.
        facts: what may be believed now, by name.
        decision: the newest decision in words, empty if there is none.
    """

    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    facts: dict[str, int | bool] = field(default_factory=dict)
    decision: str = ""


def _predicate_name(uri: str) -> str:
    row = by_uri(uri)
    return row.key if row is not None else uri


def list_evidence(model: str | Path | None = None, **flags: Value | None) -> list[Line]:
    """Entries in log order, of one model if given."""
    with open_workspace(flags) as workspace:
        subject = None
        if model is not None:
            _, _, found = digest_model(model, Listener())
            subject = found.digest.sha256
        now = workspace.keep.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        return [_line(entry, now) for entry in workspace.keep.store.entries(subject)]


def _line(entry: Entry, now: str) -> Line:
    try:
        name = parse_statement(parse_envelope(entry.body).payload).subjects[0].name
    except EvidenceError:
        name = "(unreadable)"
    return Line(
        entry.seq,
        entry.statement_id,
        _predicate_name(entry.predicate_type),
        entry.subject,
        name,
        entry.issued,
        entry.expires,
        entry.expires <= now,
    )


def show_evidence(identifier: str, **flags: Value | None) -> dict[str, Any]:
    """One statement by the start of its id.

    Raises:
        InputError: none, or more than one, starts so.
    """
    with open_workspace(flags) as workspace:
        entry = workspace.keep.store.entry(identifier)
        envelope = parse_envelope(entry.body)
        statement: dict[str, Any] = json.loads(envelope.payload)
        return {
            "statement_id": entry.statement_id,
            "log_index": entry.seq,
            "signed_by": sorted(envelope.signatures),
            "statement": statement,
        }


def prove_evidence(identifier: str, **flags: Value | None) -> dict[str, Any]:
    """Proof that a statement is in the log, against the newest checkpoint.

    Raises:
        InputError: no such statement.
    """
    with open_workspace(flags) as workspace:
        store = workspace.keep.store
        entry = store.entry(identifier)
        note = store.checkpoints()[-1]
        size = int(note.split("\n")[1])
        proof = inclusion_proof(entry.seq, size, store.node)
        return {
            "statement_id": entry.statement_id,
            "log_index": entry.seq,
            "inclusion_proof": [part.hex() for part in proof],
            "checkpoint": note,
        }


def export_evidence(
    model: str | Path, *, anchor: str | Path | None = None, **flags: Value | None
) -> dict[str, Any]:
    """The bundle of a model.

    Raises:
        InputError: nothing is recorded about these bytes.
        AccessRefusedError: roles were given, and none lets who runs this export.
    """
    with open_workspace(flags) as workspace:
        _, _, subject = digest_model(model, Listener())
        require_access(workspace, "export", subject)
        note = read_anchor(Path(anchor)) if anchor is not None else None
        digest = subject.digest.sha256
        return export_bundle(workspace.keep, digest, _policy(workspace.keep, digest), note)


def _policy(keep: Keep, subject: str) -> dict[str, Any] | None:
    """Policy texts of the newest decision about a subject."""
    for entry in reversed(keep.store.entries(subject)):
        if _predicate_name(entry.predicate_type) != "decision":
            continue
        statement = parse_statement(parse_envelope(entry.body).payload)
        digest = str(statement.predicate.get("policy", {}).get("digest", {}).get("sha256", ""))
        return load_decided_policy(keep, digest)
    return None


def verify_evidence(
    bundle: str | Path | None = None,
    *,
    trust: str | Path | None = None,
    anchor: str | Path | None = None,
    **flags: Value | None,
) -> Outcome:
    """Verify a bundle, or the keep's own log when no bundle is named.

    Args:
        bundle: a file written by ``evidence export``.
        trust: the verifier's trust map; the keep's own when left out.
        anchor: a checkpoint kept elsewhere.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: a file cannot be read.
        EvidenceError: the bundle is not one.
    """
    kept = anchor or settings.resolve(flags).text("anchor") or None
    note = _required_anchor(Path(kept)) if kept is not None else None
    if bundle is None:
        return _verify_log(note, flags)
    try:
        data = Path(bundle).read_bytes()
    except OSError as error:
        raise InputError(f"{bundle}: {error.strerror}") from error
    if trust is not None:  # a verifier needs no keep of their own
        return _outcome(verify_bundle(data, load_trust_map(Path(trust)), utc_now(), note))
    with open_workspace(flags) as workspace:
        keep = workspace.keep
        return _outcome(verify_bundle(data, keep.trust, keep.clock(), note))


def _verify_log(note: str | None, flags: dict[str, Value | None]) -> Outcome:
    """Audit the keep's own log."""
    with open_workspace(flags) as workspace:
        outcome = Outcome(audit_log(workspace.keep, note))
    if note is None:
        outcome.notes.append("no anchor: a log rewritten with its own key would not be noticed")
    return outcome


def _required_anchor(path: Path) -> str:
    note = read_anchor(path)
    if note is None:
        raise InputError(f"{path}: no such anchor")
    return note


def _outcome(report: BundleReport) -> Outcome:
    outcome = Outcome(report.problems, report.notes, report.facts.values)
    outcome.problems += [f"broken: {sentence}" for sentence in report.facts.broken]
    statement = report.decision
    if statement is None:
        return outcome
    predicate = statement.predicate
    said = predicate.get("verificationResult")
    outcome.decision = f"{predicate.get('action')} {said} at {predicate.get('timeVerified')}"
    if report.policy is None:
        outcome.notes.append("the bundle holds no policy, so the decision is not repeated")
        return outcome
    outcome.problems += _repeat(report, str(said))
    return outcome


def _repeat(report: BundleReport, said: str) -> list[str]:
    """Decide again from the facts of then; returns what differs."""
    policy, statement = report.policy, report.decision
    if policy is None or statement is None:
        return []
    predicate = statement.predicate
    try:
        text, thresholds = str(policy["conditions"]), dict(policy["thresholds"])
        named = predicate["policy"]["digest"]["sha256"]
        if policy_digest(text, thresholds) != named:  # signed, so look no further if it differs
            return ["the bundle's policy is not the one the decision names"]
        gates = parse_gates(str(policy["profile"]), text, thresholds, "bundle policy")
        again = decide(
            str(predicate["action"]),
            statement.subjects[0].digest.sha256,
            str(predicate["principal"]),
            report.facts_then,
            gates,
        )
    except (KeyError, TypeError, ValueError, AttributeError, ModelkeepError) as error:
        return [f"the bundle's policy cannot be evaluated: {error}"]
    if ("PASSED" if again.allowed else "FAILED") != said:
        return [f"the decision says {said}, the same evidence and policy say otherwise"]
    return []


def correct_clock(reason: str, key: str | Path, **flags: Value | None) -> tuple[str, ...]:
    """Set aside the time of decisions made while the clock was ahead; returns their ids.

    Args:
        reason: what happened to the clock.
        key: private key in PEM of the person who says so; the keep's own does not count.
        flags: settings, such as ``keep="..."``.

    Raises:
        UsageError: nothing is ahead of the clock, or the signer may not correct it.
        EvidenceError: something else than a decision or a use of access is ahead.
    """
    signer = SigningKey.load(Path(key))
    with open_workspace(flags) as workspace:
        about = Subject("key", "keep", Digest(workspace.keep.key.public.keyid, ""))
        require_access(workspace, "administer", about, signer)
        return evidence.correct_clock(workspace.keep, reason=reason, key=signer)
