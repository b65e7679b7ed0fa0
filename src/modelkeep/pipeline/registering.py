"""``modelkeep registry``: take a version in, move it through its stages, hand it out.

Intake compares published checksums before anything else, copies the bytes into the content
store while hashing them, and leaves the version in quarantine. Every step up asks the gate
first, and the gate's answer is in the log before the step.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from modelkeep.core import Decision, EvidenceError, InputError, UsageError
from modelkeep.core.settings import Value
from modelkeep.evidence import SigningKey, parse_timestamp
from modelkeep.pipeline.artifacts import digest_model, size_of
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.signatures import check_signature, signature_statement
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.registry import (
    NEEDS,
    Ageing,
    Stage,
    Version,
    ageing,
    approve,
    enter,
    find_version,
    lacks,
    list_versions,
    open_content,
)
from modelkeep.registry import break_glass as break_version_glass
from modelkeep.registry import register as enter_register
from modelkeep.trust import State, compare, digests_by_name, read_published


@dataclass(frozen=True, slots=True)
class Move:
    """What a move came to.

    Attributes:
        version: after it.
        decision: the gate's answer, where the step needs one.
        refused: why it did not happen; empty if it did.
    """

    version: Version
    decision: Decision | None = None
    refused: str = ""


def register(
    model: str | Path,
    name: str,
    *,
    checksums: str | Path | None = None,
    key: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Version:
    """Take a model in, own or foreign; it starts in quarantine.

    Args:
        model: file or directory.
        name: the model's name in the registry.
        checksums: what its publisher says: a ``sha256sum`` file, or a clone whose large
            files are pointers. Compared before anything else.
        key: the author's private key in PEM; the keep's own when left out.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        EvidenceError: the bytes are not those published or signed, or changed on the way.
        InputError: the model cannot be read, or the store not written.
        UsageError: a bad name, these bytes are registered already, or the signer may not.
    """
    heard = listener or Listener()
    author = _key(key)
    with open_workspace(flags, heard, make=True) as workspace:
        artifact, manifest, subject = digest_model(model, heard)
        if checksums is not None:
            published = read_published(Path(checksums))
            difference = compare(published, digests_by_name(artifact, manifest))
            if difference:
                sentences = difference.by_name(f"listed in {Path(checksums).name}")
                raise EvidenceError(sentences[0][1], "Fetch it again from its publisher.")
        check = check_signature(workspace, artifact, manifest)
        if check.state is State.BROKEN:
            raise EvidenceError(check.reason, "Fetch it again from its publisher.")
        heard.reads("storing")
        content = open_content(workspace.keep.root)
        stored = content.take_in(artifact, heard.counting(size_of(artifact)))
        if stored != manifest:
            raise EvidenceError(f"{artifact.path}: changed while it was taken in")
        workspace.keep.record([signature_statement(workspace, subject, check)])
        return enter_register(workspace.keep, name, subject, stored, author)


def list_registry(name: str = "", **flags: Value | None) -> list[Version]:
    """Versions in the order of their registration, of one name if given."""
    with open_workspace(flags) as workspace:
        return list_versions(workspace.keep, name)


def show_version(reference: str, **flags: Value | None) -> tuple[Version, tuple[Ageing, ...]]:
    """A version, and which of its evidence is about to expire or has.

    Raises:
        InputError: no such version.
    """
    with open_workspace(flags) as workspace:
        version = find_version(workspace.keep, reference)
        digest = version.subject.digest.sha256
        return version, ageing(workspace.keep, digest, workspace.keep.clock())


def approve_version(
    reference: str, *, reason: str, key: str | Path | None = None, **flags: Value | None
) -> Version:
    """Approve a candidate with one's own key.

    Args:
        reference: ``NAME``, ``NAME:NUMBER`` or the start of a digest.
        reason: what was looked at.
        key: private key of who approves, in PEM; the keep's own when left out.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no such version.
        UsageError: no candidate, its author, or a signer who may not approve.
    """
    with open_workspace(flags) as workspace:
        version = find_version(workspace.keep, reference)
        return approve(workspace.keep, version, reason=reason, key=_key(key))


def move_version(
    reference: str,
    stage: str,
    *,
    reason: str,
    key: str | Path | None = None,
    **flags: Value | None,
) -> Move:
    """Take a version to another stage, if the gate and the approvals allow it.

    Args:
        reference: ``NAME``, ``NAME:NUMBER`` or the start of a digest.
        stage: candidate, approved, deployed, retired or revoked.
        reason: why.
        key: private key of who says so, in PEM; the keep's own when left out.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no such version.
        UsageError: there is no such step, or the signer may not take it.
    """
    after = _stage(stage)
    with open_workspace(flags) as workspace:
        version = find_version(workspace.keep, reference)
        action = NEEDS.get((version.earned, after))
        decision = None
        if action is not None:
            decision, _ = workspace.decide(action, version.subject)
            version = find_version(workspace.keep, version.subject.digest.sha256)
            refused = _why_not(decision) or "; ".join(lacks(version, after))
            if refused:
                return Move(version, decision, refused)
        moved = enter(workspace.keep, version, after, reason=reason, key=_key(key))
        return Move(moved, decision)


def break_glass(
    reference: str,
    stage: str,
    *,
    why: str,
    until: str,
    key: str | Path | None = None,
    **flags: Value | None,
) -> Version:
    """Treat a version as being in a stage it has not earned; recorded for good.

    Args:
        reference: ``NAME``, ``NAME:NUMBER`` or the start of a digest.
        stage: candidate, approved or deployed.
        why: the emergency.
        until: ``2026-11-24T12:00:00Z``, a week from now at most.
        key: private key of who says so, in PEM; the keep's own when left out.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: no such version.
        UsageError: no reason, too long, or the version is at its end.
        EvidenceError: ``until`` is not a time.
    """
    moment = parse_timestamp(until)
    with open_workspace(flags) as workspace:
        version = find_version(workspace.keep, reference)
        return break_version_glass(
            workspace.keep, version, _stage(stage), why=why, until=moment, key=_key(key)
        )


def fetch_version(reference: str, target: str | Path, **flags: Value | None) -> Version:
    """Write a registered version to ``target``, if the gate lets it be loaded.

    The gate's decision about ``load`` is the audit entry of the retrieval.

    Raises:
        InputError: no such version, or something is at ``target`` already.
        EvidenceError: the gate refuses it, or its bytes in the store were changed.
    """
    place = Path(target)
    if place.exists() or place.is_symlink():
        raise InputError(f"{place}: is there already", "Name a place that is free.")
    with open_workspace(flags) as workspace:
        version = find_version(workspace.keep, reference)
        decision, _ = workspace.decide("load", version.subject)
        if not decision.allowed:
            raise EvidenceError(f"{version.name}: not handed out: {_why_not(decision)}")
        _write(workspace, version, place)
        return version


def _write(workspace: Workspace, version: Version, place: Path) -> None:
    """All files or none: written beside their place and moved there in one step."""
    content = open_content(workspace.keep.root)
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        for file in version.files:
            if file.name:
                (draft / file.name).parent.mkdir(parents=True, exist_ok=True)
            with (draft / file.name if file.name else draft).open("xb") as sink:
                content.copy_out(file, sink)
        os.rename(draft, place)  # noqa: PTH104 - of a file or a directory
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def _why_not(decision: Decision) -> str:
    if decision.allowed:
        return ""
    missing = ", ".join(item.id for item in decision.missing)
    return f"the gate says no to {decision.action}: {missing or '; '.join(decision.errors)}"


def _key(path: str | Path | None) -> SigningKey | None:
    return SigningKey.load(Path(path)) if path is not None else None


def _stage(name: str) -> Stage:
    try:
        return Stage(name)
    except ValueError:
        known = ", ".join(stage.value for stage in Stage if stage.value)
        raise UsageError(f"unknown stage {name!r}", f"Use one of {known}.") from None
