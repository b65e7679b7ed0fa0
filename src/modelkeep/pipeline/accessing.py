"""May who runs this do it? Asked before anything is handed out, and written down.

Every job that hands out, changes, moves or measures a model or data set asks here, and
nowhere else. A retrieval of weights or data is an entry of the log in every keep,
allowed or not; where roles were given each other answer is one too, so that grants nobody
needs can be found. A keep in which nobody was given a role is its creator's: the answer is
yes there. Reading a file that lies outside of any keep is nobody's business here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from modelkeep.core import EvidenceError, Subject, UsageError
from modelkeep.core.settings import Value, resolve
from modelkeep.evidence import (
    Keep,
    Place,
    SigningKey,
    Statement,
    by_key,
    exists,
    make_statement,
    parse_statement,
    verify_envelope,
)
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, keep_path, open_workspace, user_name
from modelkeep.policy import (
    AccessDecision,
    AccessRequest,
    Assignments,
    Principal,
    Resource,
    authorise,
    load_access,
    own_keys,
    read_assignments,
)
from modelkeep.registry import read_version
from modelkeep.sources import Artifact, digest_artifact

RETRIEVALS: Final = ("read_weights", "read_data")
"""Actions that are written down in every keep."""


class AccessRefusedError(EvidenceError):
    """A principal may not do what they asked for."""

    default_hint = "Ask an administrator: modelkeep access explain NAME ACTION SUBJECT."


def require_access(
    workspace: Workspace, action: str, subject: Subject, key: SigningKey | None = None
) -> None:
    """Go on only if who runs this may do it; write the question and its answer down.

    Args:
        workspace: the open keep.
        action: one of ``policy.ACCESS_ACTIONS``.
        subject: the model or data set.
        key: who acts by a key of their own; the account of the process when left out.

    Raises:
        AccessRefusedError: no grant covers it.
        EvidenceError: the answer could not be written down.
    """
    assigned = read_assignments(workspace.keep)
    if not assigned.begun and action not in RETRIEVALS:
        return
    name = acting(workspace.keep, key)
    asked = request_of(workspace, assigned, name, action, subject)
    answer = AccessDecision(True)
    if assigned.begun:
        policy = load_access(workspace.keep.policies)
        answer = authorise(asked.principal, action, asked.resource, policy)
    workspace.keep.record([_use(workspace.keep, subject, asked, answer)])
    if not answer.allowed:
        why = answer.errors[0] if answer.errors else why_not(asked)
        raise AccessRefusedError(f"{name} may not {action} {subject.name}: {why}")


def require_access_here(
    flags: Mapping[str, Value | None], action: str, *found: Subject | Artifact
) -> None:
    """Ask for jobs that work without a keep, too: about each subject, where there is one.

    Args:
        flags: settings given by the caller, by key.
        action: one of ``policy.ACCESS_ACTIONS``.
        found: the models or data sets; data that was not hashed yet is, if it must be.

    Raises:
        AccessRefusedError: no grant covers one of them.
        InputError: a keep was named that is not there, or it is damaged.
    """
    settings = resolve(flags)
    if exists(keep_path(settings)) or settings.text("keep"):
        with open_workspace(flags, Listener()) as workspace:
            for one in found:
                subject = _dataset(one) if isinstance(one, Artifact) else one
                require_access(workspace, action, subject)


def _dataset(artifact: Artifact) -> Subject:
    return Subject("dataset", artifact.name, digest_artifact(artifact).digest)


def acting(keep: Keep, key: SigningKey | None) -> str:
    """Who acts: the signer of a key of their own, else the account of the process.

    Raises:
        UsageError: the key belongs to nobody whom the trust map knows.
    """
    if key is None or key.public.keyid == keep.key.public.keyid:
        return user_name()
    name = keep.trust.name_of(key.public.keyid)
    if not name:
        raise UsageError(
            f"the key {key.public.keyid[:12]} is nobody's here",
            "Introduce it: modelkeep trust add NAME KEY.pub --predicate approval",
        )
    return name


def request_of(
    workspace: Workspace, assigned: Assignments, name: str, action: str, subject: Subject
) -> AccessRequest:
    """The question as the policy sees it."""
    digest = subject.digest.sha256
    facts = workspace.facts(subject)
    version = read_version(workspace.keep, digest)
    sound = (
        not facts.broken
        and facts.values.get("signature_broken") is not True
        and facts.values.get("stage_revoked") is not True
    )
    resource = Resource(
        "dataset" if subject.kind == "dataset" else "model",
        digest,
        _owner(workspace.keep, assigned, digest, name),
        version.stage.value if version is not None else "",
        sound,
    )
    return AccessRequest(Principal(name, assigned.roles(name, digest)), action, resource)


def _owner(keep: Keep, assigned: Assignments, digest: str, asking: str) -> str:
    """Who owns a subject.

    Made so; else who registered it with a key of their own; else who was first allowed to
    sign it. What nobody brought yet belongs to who brings it.
    """
    named = assigned.owner(digest)
    if named:
        return named
    version = read_version(keep, digest)
    if version is not None and version.author not in own_keys(keep):
        return keep.trust.name_of(version.author)
    signed = [r.principal.name for r in asked_before(keep, digest) if r.action == "sign"]
    if signed:
        return signed[0]
    brought = {by_key("stage").uri, by_key("seal").uri}
    known = any(entry.predicate_type in brought for entry in keep.store.entries(digest))
    return "" if known else asking


def _use(
    keep: Keep, subject: Subject, request: AccessRequest, answer: AccessDecision
) -> Statement:
    fields = {
        "facts": {},
        "principal": request.principal.name,
        "roles": list(request.principal.roles),
        "action": request.action,
        "kind": request.resource.kind,
        "owner": request.resource.owner,
        "stage": request.resource.stage,
        "sound": request.resource.sound,
        "allowed": answer.allowed,
        "grants": list(answer.grants),
    }
    return make_statement("access-use", (subject,), fields, clock=keep.clock)


def asked_before(keep: Keep, digest: str | None = None) -> list[AccessRequest]:
    """What was asked and granted, as the keep itself wrote it down."""
    own, asked = own_keys(keep), []
    subjects = [digest] if digest is not None else None
    for entry in keep.store.entries_of(by_key("access-use").uri, subjects):
        payload, keyid = verify_envelope(entry.body, keep.trust.keys())
        made = parse_statement(payload)
        place = Place(keep.origin, entry.seq)
        said = made.predicate
        counts = keyid in own and keep.trust.allows(
            keyid, made.predicate_type, made.issued, place
        )
        if counts and said["allowed"] and said["grants"]:
            resource = Resource(
                said["kind"],
                made.subjects[0].digest.sha256,
                said["owner"],
                said["stage"],
                said["sound"],
            )
            principal = Principal(said["principal"], tuple(said["roles"]))
            asked.append(AccessRequest(principal, said["action"], resource))
    return asked


def why_not(request: AccessRequest) -> str:
    """Why no grant covers a request, in words."""
    who, what = request.principal, request.resource
    roles = ", ".join(who.roles) or "no role"
    stage = what.stage or "not registered"
    state = "sound" if what.sound else "NOT sound"
    owner = what.owner or "nobody"
    return f"no grant covers {roles} on a {what.kind} of {owner} ({stage}, {state})"
