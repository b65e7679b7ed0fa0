"""Changing the stage of a version: one signed statement in the log, or nothing.

Each change is checked before it is written and again, from the log alone, whenever the
version is read. Two that are made at once are both in the log; the one that stands second
no longer starts from the stage the version is in, and does not count.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from modelkeep.core import EvidenceError, Subject, UsageError
from modelkeep.core.clock import timestamp
from modelkeep.evidence import (
    Keep,
    SigningKey,
    Statement,
    by_key,
    make_statement,
    seal,
    statement_id,
)
from modelkeep.registry.interface import NEXT, Stage, Version, facts_of
from modelkeep.registry.ledger import LONGEST_GLASS, lacks, read_version, to_files
from modelkeep.sources import Manifest, root_digest

_Field = str | list[Any] | dict[str, str]


def register(
    keep: Keep, name: str, subject: Subject, manifest: Manifest, key: SigningKey | None = None
) -> Version:
    """Enter a version, which starts in quarantine.

    Args:
        keep: whose log.
        name: the model's name; letters, digits, ``.``, ``_``, ``-`` and ``/``.
        subject: the version, by digest.
        manifest: its files, as they lie in the content store.
        key: the author's; the keep's own when left out.

    Raises:
        UsageError: not a name, or these bytes are registered already.
        EvidenceError: the manifest does not lead to the digest.
    """
    plain = name.replace("/", "").replace("-", "").replace("_", "").replace(".", "")
    if not (plain.isascii() and plain.isalnum()):
        raise UsageError(f"{name!r} is no name of a model", "Use letters, digits and . _ - /")
    single = len(manifest.files) == 1 and manifest.files[0].name == ""
    files = [file.digest for file in manifest.files]
    if (files[0] if single else root_digest(files)) != subject.digest:
        raise EvidenceError(f"{name}: the files do not lead to {subject.digest}")
    known = read_version(keep, subject.digest.sha256)
    if known is not None:
        raise UsageError(
            f"{subject.digest} is registered already as {known.name!r} ({known.stage.value})",
            "See `modelkeep registry show`.",
        )
    _require_allowed(keep, "stage", key)
    fields: dict[str, _Field] = {
        "reason": "registered",
        "files": to_files(manifest.files),
    }
    _record(keep, _stage(keep, name, subject, Stage.NONE, Stage.QUARANTINE, **fields), key)
    return _read(keep, subject)


def enter(
    keep: Keep, version: Version, after: Stage, *, reason: str, key: SigningKey | None = None
) -> Version:
    """Take a step to the next stage.

    Decisions and approvals it needs must be in the log already.

    Args:
        keep: whose log.
        version: as it was read.
        after: the stage to enter.
        reason: why, for people.
        key: who says so; the keep's own when left out.

    Raises:
        UsageError: there is no such step, no reason, or something it needs is missing.
    """
    if after not in NEXT[version.earned] or version.earned is Stage.NONE:
        ways = ", ".join(stage.value for stage in NEXT[version.earned]) or "nowhere"
        raise UsageError(
            f"{version.name}: there is no step from {version.earned.value} to {after.value}",
            f"From there it leads to: {ways}.",
        )
    _require_reason(reason)
    missing = lacks(version, after)
    if missing:
        raise UsageError(f"{version.name} does not become {after.value}: {missing[0]}")
    _require_allowed(keep, "stage", key)
    rests_on = [identity for _, identity in version.decisions]
    made = _stage(
        keep, version.name, version.subject, version.earned, after,
        reason=reason, rests_on=rests_on,
    )  # fmt: skip
    identity = _record(keep, made, key)
    return _taken(keep, version, after, identity)


def break_glass(
    keep: Keep,
    version: Version,
    after: Stage,
    *,
    why: str,
    until: dt.datetime,
    key: SigningKey | None = None,
) -> Version:
    """Let a version be treated as being in a stage that it has not earned, for a while.

    Args:
        keep: whose log.
        version: as it was read.
        after: candidate, approved or deployed.
        why: recorded for good, with who says so.
        until: when it ends; a week from now at most.
        key: who says so; the keep's own when left out.

    Raises:
        UsageError: no reason, too long, in the past, or the version is at its end.
    """
    _require_reason(why)
    _require_allowed(keep, "stage", key)
    now = keep.clock()
    if not now < until <= now + LONGEST_GLASS:
        raise UsageError(f"until must lie between now and {LONGEST_GLASS.days} days from now")
    who = keep.trust.name_of((key or keep.key).public.keyid) or "unknown"
    ends = timestamp(until)
    made = _stage(
        keep, version.name, version.subject, version.earned, after,
        reason=why,
        expires=ends,
        break_glass={"who": who, "why": why, "until": ends},
    )  # fmt: skip
    identity = _record(keep, made, key)
    return _taken(keep, version, after, identity)


def approve(
    keep: Keep, version: Version, *, reason: str, key: SigningKey | None = None
) -> Version:
    """Approve a candidate, as somebody other than its author.

    Args:
        keep: whose log.
        version: as it was read.
        reason: what was looked at, for people.
        key: who approves; the keep's own when left out.

    Raises:
        UsageError: no candidate, no reason, the author, or a signer who may not approve.
    """
    _require_reason(reason)
    if version.earned is not Stage.CANDIDATE:
        raise UsageError(f"{version.name} is {version.earned.value}, no candidate to approve")
    signer = (key or keep.key).public
    name = keep.trust.name_of(signer.keyid)
    if signer.keyid == version.author or name == keep.trust.name_of(version.author):
        raise UsageError(
            f"{name or signer.keyid[:12]} is the author and cannot approve it",
            "Somebody else approves: modelkeep registry approve REF --key THEIRS.pem",
        )
    _require_allowed(keep, "approval", key)
    fields = {"facts": {}, "name": version.name, "stage": "approved", "reason": reason}
    made = make_statement("approval", (version.subject,), fields, clock=keep.clock)
    _record(keep, made, key)
    return _read(keep, version.subject)


def _stage(
    keep: Keep,
    name: str,
    subject: Subject,
    before: Stage,
    after: Stage,
    **more: str | list[Any] | dict[str, str],
) -> Statement:
    fields = {
        "facts": facts_of(after),
        "name": name,
        "before": before.value,
        "after": after.value,
        "rests_on": [],
        **more,
    }
    return make_statement("stage", (subject,), fields, clock=keep.clock)


def _record(keep: Keep, made: Statement, key: SigningKey | None) -> str:
    body = seal(made.to_bytes(), key or keep.key)
    keep.file([body])
    return statement_id(body)


def _require_allowed(keep: Keep, predicate: str, key: SigningKey | None) -> None:
    keyid = (key or keep.key).public.keyid
    if key is None:
        keep.require_own_grant(by_key(predicate).uri)
    if not keep.trust.allows(keyid, by_key(predicate).uri, keep.clock()):
        raise UsageError(
            f"{keep.trust.name_of(keyid) or keyid[:12]} may not assert {predicate}",
            f"Let them: modelkeep trust add NAME KEY.pub --predicate {predicate}",
        )


def _read(keep: Keep, subject: Subject) -> Version:
    found = read_version(keep, subject.digest.sha256)
    if found is None:
        raise EvidenceError(f"{subject.digest}: its registration does not count")
    return found


def _taken(keep: Keep, before: Version, after: Stage, identity: str) -> Version:
    """The version after a step.

    Raises:
        UsageError: the step does not count, with the reason.
    """
    found = _read(keep, before.subject)
    refused = [p for p in found.problems if p.startswith(identity[:12])]
    if refused:
        why = refused[0].partition(": ")[2]
        raise UsageError(f"{found.name} does not become {after.value}: {why}")
    return found


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise UsageError("a change needs a reason", "Say it with --reason.")
