"""Who holds which role, told from the signed statements of the log and from nothing else.

A keep in which nobody was ever given a role belongs to whoever can open it: its private key
is a file that only its creator's account reads. The first role that is given ends that.
From then on a change counts only if its signer may assert ``access`` and the one who made
it administered the keep at that place of the log.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from modelkeep.core import Digest, EvidenceError, Subject, UsageError
from modelkeep.evidence import (
    Entry,
    Keep,
    Place,
    SigningKey,
    Statement,
    by_key,
    make_statement,
    parse_statement,
    seal,
    statement_id,
    timestamp,
    verify_envelope,
)
from modelkeep.policy.access import ROLES

ADMINISTRATOR: Final = "administrator"
OWNER: Final = "owner"  # of one model or data set; not a role of the keep


@dataclass(frozen=True, slots=True)
class Assignment:
    """A role that a principal holds.

    Attributes:
        principal: account, or name of a signer in the trust map.
        role: one of ``ROLES``, or owner.
        resource: sha256 of the one subject it is held for; empty for all.
        until: when it ends.
        by: who gave it.
    """

    principal: str
    role: str
    resource: str
    until: dt.datetime
    by: str


@dataclass(frozen=True, slots=True)
class Assignments:
    """All roles in force, and the statements that claim one and do not count.

    Attributes:
        held: in the order they were given.
        begun: whether anybody was ever given a role.
        problems: statements that do not count, each a sentence.
    """

    held: tuple[Assignment, ...]
    begun: bool
    problems: tuple[str, ...] = ()

    def roles(self, principal: str, resource: str = "") -> tuple[str, ...]:
        """Roles a principal holds for one subject, those for all subjects included."""
        found = {a.role for a in self.held if a.principal == principal and _covers(a, resource)}
        return tuple(role for role in ROLES if role in found)

    def owner(self, resource: str) -> str:
        """Who was made owner of a subject last; empty if nobody."""
        owners = [a.principal for a in self.held if (a.role, a.resource) == (OWNER, resource)]
        return owners[-1] if owners else ""

    def administers(self, principal: str) -> bool:
        """Whether a principal may give and take roles."""
        return any(_key(a) == (principal, ADMINISTRATOR, "") for a in self.held)


def read_assignments(keep: Keep, now: dt.datetime | None = None) -> Assignments:
    """The roles in force at a moment, by default now."""
    moment = now or keep.clock()
    own = own_keys(keep)
    held: dict[tuple[str, str, str], Assignment] = {}
    begun, problems = False, []
    for entry in keep.store.entries_of(by_key("access").uri):
        try:
            made, by, theirs = _read(keep, entry, moment, own)
            if begun:
                _require_administers(held.values(), by, made.issued)
            else:
                _require_own(theirs, own)
        except (EvidenceError, KeyError) as error:
            problems.append(f"{statement_id(entry.body)[:12]}: {error}")
            continue
        _apply(made.predicate, made.expires, by, held)
        begun = True
    return Assignments(
        tuple(a for a in held.values() if moment < a.until), begun, tuple(problems)
    )


def assign(  # noqa: PLR0913 - one sentence: who gives whom which role on what, why, until
    keep: Keep,
    principal: str,
    role: str,
    *,
    by: str,
    reason: str,
    resource: Subject | None = None,
    until: dt.datetime | None = None,
    revoke: bool = False,
    key: SigningKey | None = None,
) -> Assignments:
    """Give a role to a principal, or take it away.

    The first one ever given also makes who gives it the administrator, so that a keep
    always has one; and the last administrator cannot be taken away.

    Args:
        keep: whose log.
        principal: who gets or loses it.
        role: one of ``ROLES``; ``owner`` for one subject.
        by: who acts.
        reason: why, for people.
        resource: the one subject it is for; all when left out.
        until: when it ends; the lifetime of the statement when left out.
        revoke: take it away.
        key: key of who acts; the keep's own when left out.

    Raises:
        UsageError: no such role, nothing to revoke, or the one who acts may not.
    """
    before = read_assignments(keep)
    if not before.begun and key is not None and key.public.keyid not in own_keys(keep):
        raise UsageError("the first role is given by the keep's own key", "Leave --key out.")
    digest = resource.digest.sha256 if resource is not None else ""
    wanted = (principal, role, digest)
    _require_sensible(before, wanted, by, revoke=revoke)
    if key is None:
        keep.require_own_grant(by_key("access").uri)
    if not keep.trust.allows(
        (key or keep.key).public.keyid, by_key("access").uri, keep.clock()
    ):
        raise UsageError(
            f"{by} may not assert access",
            "Let them: modelkeep trust add NAME KEY.pub --predicate access",
        )
    changes = [("revoke" if revoke else "grant", principal, role, resource, reason)]
    if not before.begun and wanted != (by, ADMINISTRATOR, ""):
        changes.insert(0, ("grant", by, ADMINISTRATOR, None, "gave the first role"))
    bodies = [
        seal(_statement(keep, change, by, until if change == changes[-1] else None).to_bytes(),
             key or keep.key)
        for change in changes
    ]  # fmt: skip
    keep.file(bodies)
    return read_assignments(keep)


def _require_sensible(
    before: Assignments, wanted: tuple[str, str, str], by: str, *, revoke: bool
) -> None:
    principal, role, digest = wanted
    if not principal.strip():
        raise UsageError("a role is given to somebody")
    if role not in (*ROLES, OWNER) or (role == OWNER and not digest):
        raise UsageError(
            f"no role {role!r}" if digest or role != OWNER else "an owner owns one subject",
            f"Use one of {', '.join(ROLES)}; owner with --on DIGEST.",
        )
    if before.begun and not before.administers(by):
        raise UsageError(f"{by} does not administer this keep", "See `modelkeep access list`.")
    if not revoke:
        return
    if wanted not in {_key(a) for a in before.held}:
        raise UsageError(f"{principal} does not hold {role}", "See `modelkeep access list`.")
    left = [a for a in before.held if a.role == ADMINISTRATOR and _key(a) != wanted]
    if role == ADMINISTRATOR and not left:
        raise UsageError(f"{principal} is the last administrator", "Appoint another first.")


def _statement(
    keep: Keep,
    change: tuple[str, str, str, Subject | None, str],
    by: str,
    until: dt.datetime | None,
) -> Statement:
    word, principal, role, resource, reason = change
    fields: dict[str, Any] = {
        "facts": {},
        "change": word,
        "principal": principal,
        "role": role,
        "resource": resource.digest.sha256 if resource is not None else "",
        "by": by,
        "reason": reason,
    }
    if until is not None:
        if until <= keep.clock():
            raise UsageError("until must lie in the future")
        fields["expires"] = timestamp(until)
    about = resource or Subject("key", "keep", Digest(keep.key.public.keyid, ""))
    return make_statement("access", (about,), fields, clock=keep.clock)


def _require_administers(held: Iterable[Assignment], by: str, moment: dt.datetime) -> None:
    current = Assignments(tuple(a for a in held if moment < a.until), begun=True)
    if not current.administers(by):
        raise EvidenceError(f"{by} did not administer the keep")


def _require_own(keyid: str, own: frozenset[str]) -> None:
    if keyid not in own:
        raise EvidenceError("the first role is given by the keep's own key")


def own_keys(keep: Keep) -> frozenset[str]:
    """Ids of the keep's own key and of those it replaced, each told by its successor."""
    own = {keep.key.public.keyid}
    for entry in reversed(keep.store.entries_of(by_key("revocation").uri)):
        payload, keyid = verify_envelope(entry.body, keep.trust.keys())
        made = parse_statement(payload)
        old = made.subjects[0].digest.sha256
        renamed = keep.trust.name_of(old).endswith(f"-{old[:8]}")
        if keyid in own and made.predicate["reason"] == "rotated" and renamed:
            own.add(old)
    return frozenset(own)


def _read(
    keep: Keep, entry: Entry, now: dt.datetime, own: frozenset[str]
) -> tuple[Statement, str, str]:
    """A statement that counts, who made it, and the key that signed it."""
    payload, keyid = verify_envelope(entry.body, keep.trust.keys())
    made = parse_statement(payload)
    if made.issued > now:
        raise EvidenceError("issued in the future")
    if not keep.trust.allows(
        keyid, made.predicate_type, made.issued, Place(keep.origin, entry.seq)
    ):
        raise EvidenceError(f"its signer {keyid[:12]} may not say so")
    said = made.predicate
    if said["role"] not in (*ROLES, OWNER):
        raise EvidenceError(f"no role {said['role']!r}")
    by = str(said["by"]) if keyid in own else keep.trust.name_of(keyid)
    return made, by, keyid


def _apply(
    said: dict[str, Any],
    expires: dt.datetime,
    by: str,
    held: dict[tuple[str, str, str], Assignment],
) -> None:
    wanted = (str(said["principal"]), str(said["role"]), str(said["resource"]))
    held.pop(wanted, None)
    if said["change"] == "grant":
        held[wanted] = Assignment(*wanted, expires, by)


def _covers(held: Assignment, resource: str) -> bool:
    return held.resource in ("", resource)


def _key(held: Assignment) -> tuple[str, str, str]:
    return held.principal, held.role, held.resource
