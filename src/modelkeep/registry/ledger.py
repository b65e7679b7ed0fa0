"""The state of a version, told from the log and from nothing else.

Every statement about the version is read in log order and its step taken only if it counts:
signed by somebody trusted for it, from the stage the version was in, along a step there is,
with the gate's decision and the approvals it needs standing before it in the log. So what
was not earned is no stage, whoever wrote it and however it came into the database. Where
the facts of such a statement differ from the stage earned, gates take that for broken
evidence (``contradiction``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from modelkeep.core import Digest, EvidenceError, InputError, Subject
from modelkeep.evidence import (
    Entry,
    FactValue,
    Keep,
    Place,
    Statement,
    by_key,
    parse_statement,
    parse_timestamp,
    statement_id,
    verify_envelope,
)
from modelkeep.registry.interface import NEEDS, NEXT, Glass, Stage, Version, facts_of
from modelkeep.sources import FileDigest

APPROVALS: Final = 2  # different people, none of them the author
LONGEST_GLASS: Final = dt.timedelta(days=7)
_STAGE, _APPROVAL, _DECISION = (by_key(k).uri for k in ("stage", "approval", "decision"))


@dataclass(slots=True)
class _State:
    """A version while its entries are read."""

    now: dt.datetime
    name: str = ""
    subject: Subject | None = None
    files: tuple[FileDigest, ...] = ()
    author: str = ""
    author_name: str = ""
    earned: Stage = Stage.NONE
    glass: Glass | None = None
    approvals: dict[str, dt.datetime] = field(default_factory=dict)
    decisions: dict[str, tuple[str, dt.datetime]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_version(keep: Keep, sha256: str, now: dt.datetime | None = None) -> Version | None:
    """The version with this digest; ``None`` if nobody registered it.

    Args:
        keep: whose log and trust map.
        sha256: digest of the subject, hex.
        now: the moment asked about; the keep's clock by default.
    """
    state = _State(now or keep.clock())
    for entry in keep.store.entries(sha256):
        if entry.predicate_type in (_STAGE, _APPROVAL, _DECISION):
            _read(keep, entry, sha256, state)
    if state.subject is None:
        return None
    glass = state.glass
    return Version(
        state.name,
        state.subject,
        state.files,
        state.author,
        state.earned,
        glass if glass is not None and state.now < glass.until else None,
        _in_force(state, state.now),
        tuple(
            (action, found)
            for action, (found, until) in sorted(state.decisions.items())
            if state.now < until
        ),
        tuple(state.problems),
    )


def contradiction(version: Version, facts: Mapping[str, FactValue]) -> str:
    """Where facts about a version's stage are not what the log leads to; else empty."""
    stage = version.stage
    for name, expected in facts_of(stage).items():
        if facts.get(name) is not expected:
            return f"{name} is not what its stage ({stage.value}) says: a step was not earned"
    return ""


def lacks(version: Version, after: Stage) -> tuple[str, ...]:
    """What a step to ``after`` still needs, each a sentence; empty if it may be taken."""
    missing = []
    needed = NEEDS.get((version.earned, after))
    if needed is not None and needed not in dict(version.decisions):
        missing.append(f"no gate allowed to {needed} it")
    approving = (version.earned, after) == (Stage.CANDIDATE, Stage.APPROVED)
    if approving and len(version.approvals) < APPROVALS:
        missing.append(f"{len(version.approvals)} of {APPROVALS} approvals")
    return tuple(missing)


def list_versions(keep: Keep, name: str = "") -> list[Version]:
    """Versions in the order of their registration, of one name if given."""
    found: dict[str, Version] = {}
    for entry in keep.store.entries_of(_STAGE):
        if entry.subject not in found:
            version = read_version(keep, entry.subject)
            if version is not None and name in ("", version.name):
                found[entry.subject] = version
    return list(found.values())


def find_version(keep: Keep, reference: str) -> Version:
    """The version that ``NAME``, ``NAME:NUMBER`` or the start of a digest stands for.

    Numbers count the registrations of a name in log order, from 1; a bare name is its
    newest version.

    Raises:
        InputError: there is none, or more than one.
    """
    versions = list_versions(keep)
    name, _, number = reference.rpartition(":")
    named = [v for v in versions if v.name == (name or reference)]
    if name and number.isascii() and number.isdigit() and 0 < int(number) <= len(named):
        return named[int(number) - 1]
    if named and not name:
        return named[-1]
    start = reference.removeprefix("sha256:")
    by_digest = [v for v in versions if v.subject.digest.sha256.startswith(start)]
    if len(start) >= 8 and len(by_digest) == 1:  # noqa: PLR2004 - fewer say nothing
        return by_digest[0]
    raise InputError(f"no registered version {reference!r}", "See `modelkeep registry list`.")


def _read(keep: Keep, entry: Entry, sha256: str, state: _State) -> None:
    short = statement_id(entry.body)[:12]
    try:
        payload, keyid = verify_envelope(entry.body, keep.trust.keys())
        made = parse_statement(payload)
        place = Place(keep.origin, entry.seq)
        _require_counts(keep, made, keyid, place, state.now)
        if made.subjects[0].digest.sha256 != sha256:
            return  # found under another digest: gathering facts tells it
        signer = (keyid, keep.trust.name_of(keyid))
        if made.predicate_type == _DECISION:
            _decided(state, made, statement_id(entry.body))
        elif made.predicate_type == _APPROVAL:
            _approved(state, made, signer)
        else:
            _step(state, made, signer)
    except (EvidenceError, KeyError, TypeError, ValueError) as error:
        state.problems.append(f"{short}: {error}")


def _require_counts(
    keep: Keep, made: Statement, keyid: str, place: Place, now: dt.datetime
) -> None:
    if made.issued > now:
        raise EvidenceError("issued in the future")
    if not keep.trust.allows(keyid, made.predicate_type, made.issued, place):
        raise EvidenceError(f"its signer {keyid[:12]} may not say so")


def _decided(state: _State, made: Statement, identity: str) -> None:
    action = str(made.predicate["action"])
    if made.predicate["verificationResult"] == "PASSED" and not made.predicate["errors"]:
        state.decisions[action] = (identity, made.expires)
    else:
        state.decisions.pop(action, None)


def _approved(state: _State, made: Statement, signer: tuple[str, str]) -> None:
    keyid, name = signer
    if keyid == state.author or name == state.author_name:
        raise EvidenceError("the author's approval does not count")
    if state.earned is not Stage.CANDIDATE or made.predicate["stage"] != "approved":
        raise EvidenceError("an approval of something that is no candidate")
    state.approvals[name] = made.expires


def _in_force(state: _State, moment: dt.datetime) -> tuple[str, ...]:
    return tuple(sorted(name for name, until in state.approvals.items() if moment < until))


def _step(state: _State, made: Statement, signer: tuple[str, str]) -> None:
    said = made.predicate
    before, after = Stage(said["before"]), Stage(said["after"])
    if said["facts"] != facts_of(after):
        raise EvidenceError("its facts are not those of its stage")
    if said.get("break_glass"):
        _break(state, made, after, signer[1])
        return
    if before is not state.earned or after not in NEXT[before]:
        raise EvidenceError(
            f"there is no step from {state.earned.value or 'nothing'} to {after.value}"
        )
    _require_earned(state, before, after, made.issued)
    if before is Stage.NONE:
        _begin(state, made, signer)
    if after is Stage.CANDIDATE:
        state.approvals.clear()
    if after.is_final:
        state.glass = None
    state.earned = after


def _require_earned(state: _State, before: Stage, after: Stage, moment: dt.datetime) -> None:
    needed = NEEDS.get((before, after))
    if needed is not None:
        _, until = state.decisions.get(needed, ("", moment))
        if moment >= until:
            raise EvidenceError(f"no gate allowed to {needed} it")
    if after is Stage.APPROVED and before is Stage.CANDIDATE:
        found = _in_force(state, moment)
        if len(found) < APPROVALS:
            raise EvidenceError(f"{len(found)} of {APPROVALS} approvals")


def _begin(state: _State, made: Statement, signer: tuple[str, str]) -> None:
    files = tuple(
        FileDigest(
            str(file["name"]),
            Digest(str(file["sha256"]), str(file["blake3"])),
            int(file["size"]),
        )
        for file in made.predicate["files"]
    )
    state.name, state.subject, state.files = (
        str(made.predicate["name"]),
        made.subjects[0],
        files,
    )
    state.author, state.author_name = signer


def _break(state: _State, made: Statement, after: Stage, who: str) -> None:
    glass: dict[str, Any] = made.predicate["break_glass"]
    until = parse_timestamp(glass["until"])
    if state.subject is None or state.earned.is_final:
        raise EvidenceError("no glass to break: it is not registered, or at its end")
    if after not in (Stage.CANDIDATE, Stage.APPROVED, Stage.DEPLOYED):
        raise EvidenceError(f"breaking the glass does not lead to {after.value}")
    if made.issued + LONGEST_GLASS < until or made.expires != until:
        raise EvidenceError("a glass is broken for a week at most, and expires with it")
    if not str(glass["why"]).strip():
        raise EvidenceError("a glass is broken for a reason")
    state.glass = Glass(after, who, str(glass["why"]), until)


def to_files(files: tuple[FileDigest, ...]) -> list[dict[str, Any]]:
    """Files as a statement lists them."""
    return [
        {
            "name": file.name,
            "sha256": file.digest.sha256,
            "blake3": file.digest.blake3,
            "size": file.size,
        }
        for file in files
    ]
