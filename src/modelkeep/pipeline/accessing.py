"""``modelkeep access``: who may do what, asked before it is done and written down.

Asked at every job that hands out, changes or moves a registered model, loads a model or
seals a data set. Once roles were given, each answer is an entry of the log, so that grants
nobody needs can be found, and their removal tried on what was asked. A keep in which
nobody was given a role is its creator's; the gate's own record names who loaded what.
"""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import EvidenceError, InputError, Subject, UsageError
from modelkeep.core.settings import Value
from modelkeep.evidence import (
    Entry,
    Keep,
    Place,
    SigningKey,
    Statement,
    by_key,
    make_statement,
    parse_statement,
    parse_timestamp,
    verify_envelope,
)
from modelkeep.pipeline.artifacts import digest_model
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace, user_name
from modelkeep.policy import (
    AccessDecision,
    AccessRequest,
    Assignments,
    Principal,
    Resource,
    Review,
    assign,
    authorise,
    load_access,
    own_keys,
    read_assignments,
    review,
)
from modelkeep.registry import find_version, read_version


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
    """
    assigned = read_assignments(workspace.keep)
    if not assigned.begun:
        return
    name = acting(workspace.keep, key)
    request = _request(workspace, assigned, name, action, subject)
    answer = authorise(
        request.principal, action, request.resource, load_access(workspace.keep.policies)
    )
    workspace.keep.record([_use(workspace.keep, subject, request, answer)])
    if not answer.allowed:
        why = answer.errors[0] if answer.errors else _why(request)
        raise AccessRefusedError(f"{name} may not {action} {subject.name}: {why}")


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


def give_role(  # noqa: PLR0913 - keyword-only, one sentence
    principal: str,
    role: str,
    *,
    reason: str,
    on: str = "",
    until: str = "",
    revoke: bool = False,
    key: str | Path | None = None,
    **flags: Value | None,
) -> Assignments:
    """Give a role to a principal, or take it away.

    Args:
        principal: account, or name of a signer in the trust map.
        role: see ``policy.ROLES``; ``owner`` for one subject.
        reason: why; recorded.
        on: the one model or data set it is for: a path, a version or the start of a digest.
        until: when it ends, ``2026-12-24T12:00:00Z``.
        revoke: take it away.
        key: private key of who acts, in PEM; the keep's own when left out.
        flags: settings, such as ``keep="..."``.

    Raises:
        UsageError: no such role, or who acts may not give it.
        InputError: there is no such model or data set.
    """
    signer = SigningKey.load(Path(key)) if key is not None else None
    with open_workspace(flags) as workspace:
        return assign(
            workspace.keep,
            principal,
            role,
            by=acting(workspace.keep, signer),
            reason=reason,
            resource=find_subject(workspace, on) if on else None,
            until=parse_timestamp(until) if until else None,
            revoke=revoke,
            key=signer,
        )


def list_access(**flags: Value | None) -> Assignments:
    """Who holds which role, and the statements that claim one and do not count."""
    with open_workspace(flags) as workspace:
        return read_assignments(workspace.keep)


def explain_access(
    principal: str, action: str, subject: str, **flags: Value | None
) -> tuple[AccessRequest, AccessDecision, str]:
    """What the answer would be, and why; nothing is recorded.

    Args:
        principal: account or signer.
        action: one of ``policy.ACCESS_ACTIONS``.
        subject: a path, a version or the start of a digest.
        flags: settings, such as ``keep="..."``.

    Returns:
        The request as the policy sees it, the answer, and a sentence.
    """
    with open_workspace(flags) as workspace:
        policy = load_access(workspace.keep.policies)
        assigned = read_assignments(workspace.keep)
        found = find_subject(workspace, subject)
        request = _request(workspace, assigned, principal, action, found)
        answer = authorise(request.principal, action, request.resource, policy)
        if not assigned.begun:
            return request, AccessDecision(True), "nobody was given a role: it is its creator's"
        said = "; ".join(policy.grants[name] for name in answer.grants) or _why(request)
        return request, answer, said


def review_access(**flags: Value | None) -> tuple[Review, tuple[str, ...]]:
    """Grants that nothing in the log needed, and roles held by who asked for nothing.

    Returns:
        The review of the policy's grants on every request that was allowed, and the
        unused assignments, each as ``PRINCIPAL ROLE``.
    """
    with open_workspace(flags) as workspace:
        keep = workspace.keep
        policy, asked = load_access(keep.policies), list(_asked(keep))
        found = review(asked, policy)
        idle = []
        for held in read_assignments(keep).held:
            needed = any(
                not authorise(
                    _without(r.principal, held.role), r.action, r.resource, policy
                ).allowed
                for r in asked
                if r.principal.name == held.principal
            )
            if not needed and held.role not in ("administrator", "owner"):
                idle.append(f"{held.principal} {held.role}")
        return found, tuple(idle)


def find_subject(workspace: Workspace, reference: str) -> Subject:
    """A model or data set by path, version, or the start of a digest in the log.

    Raises:
        InputError: there is none, or more than one.
    """
    if Path(reference).exists():
        _, _, subject = digest_model(reference, Listener())
        known = workspace.keep.store.entries(subject.digest.sha256)
        return (
            parse_statement(_payload(workspace.keep, known[0])).subjects[0]
            if known
            else subject
        )
    try:
        return find_version(workspace.keep, reference).subject
    except InputError:
        start = reference.removeprefix("sha256:")
        found = {
            entry.subject: entry
            for entry in workspace.keep.store.entries()
            if len(start) >= 8 and entry.subject.startswith(start)  # noqa: PLR2004 - fewer say nothing
        }
        if len(found) != 1:
            raise
        (entry,) = found.values()
        return parse_statement(_payload(workspace.keep, entry)).subjects[0]


def _payload(keep: Keep, entry: Entry) -> bytes:
    payload, _ = verify_envelope(entry.body, keep.trust.keys())
    return payload


def _request(
    workspace: Workspace, assigned: Assignments, name: str, action: str, subject: Subject
) -> AccessRequest:
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
    signed = [r.principal.name for r in _asked(keep, digest) if r.action == "sign"]
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


def _asked(keep: Keep, digest: str | None = None) -> list[AccessRequest]:
    """What was asked and allowed, as the keep itself wrote it down."""
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
        if counts and said["allowed"]:
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


def _without(principal: Principal, role: str) -> Principal:
    return Principal(principal.name, tuple(r for r in principal.roles if r != role))


def _why(request: AccessRequest) -> str:
    who, what = request.principal, request.resource
    roles = ", ".join(who.roles) or "no role"
    stage = what.stage or "not registered"
    state = "sound" if what.sound else "NOT sound"
    owner = what.owner or "nobody"
    return f"no grant covers {roles} on a {what.kind} of {owner} ({stage}, {state})"
