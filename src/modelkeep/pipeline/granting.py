"""``modelkeep access``: roles given and taken, answers explained, grants reviewed.

What nobody needed is found by trying what was asked and allowed without it.
"""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.evidence import (
    Entry,
    Keep,
    SigningKey,
    parse_statement,
    parse_timestamp,
    verify_envelope,
)
from modelkeep.pipeline.accessing import acting, asked_before, request_of, why_not
from modelkeep.pipeline.artifacts import digest_model
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.policy import (
    AccessDecision,
    AccessRequest,
    Assignments,
    Principal,
    Review,
    assign,
    authorise,
    load_access,
    read_assignments,
    review,
)
from modelkeep.registry import find_version


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
        request = request_of(workspace, assigned, principal, action, found)
        answer = authorise(request.principal, action, request.resource, policy)
        if not assigned.begun:
            return request, AccessDecision(True), "nobody was given a role: it is its creator's"
        said = "; ".join(policy.grants[name] for name in answer.grants) or why_not(request)
        return request, answer, said


def review_access(**flags: Value | None) -> tuple[Review, tuple[str, ...]]:
    """Grants that nothing in the log needed, and roles held by who asked for nothing.

    Returns:
        The review of the policy's grants on every request that was allowed, and the
        unused assignments, each as ``PRINCIPAL ROLE``.
    """
    with open_workspace(flags) as workspace:
        keep = workspace.keep
        policy, asked = load_access(keep.policies), list(asked_before(keep))
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


def _without(principal: Principal, role: str) -> Principal:
    return Principal(principal.name, tuple(r for r in principal.roles if r != role))
