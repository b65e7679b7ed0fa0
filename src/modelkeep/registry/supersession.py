"""A newer version of a model takes the place of the older ones while it is deployed.

An old version still passes every gate by its own evidence, and a retrained or hardened one
was made because the old one should not. So a step of a version into or out of ``deployed``
brings, in the same commit, a signed statement about each older version of the name whose
place is taken or given back by it. A policy that asks for it denies the older ones then.
"""

from __future__ import annotations

from typing import Final

from modelkeep.core import EvidenceError
from modelkeep.evidence import (
    Keep,
    Place,
    by_key,
    make_statement,
    parse_statement,
    seal,
    verify_envelope,
)
from modelkeep.registry.interface import Stage, Version
from modelkeep.registry.ledger import list_versions

_URI: Final = by_key("supersession").uri


def supersessions(keep: Keep, moved: Version, after: Stage) -> list[bytes]:
    """What a step changes for the other versions of the name, signed by the keep.

    A version is superseded by the newest deployed one that was registered after it. Nothing
    is said where nothing changes, nor of versions that were retired or revoked.

    Args:
        keep: whose log.
        moved: the version that takes the step.
        after: the stage it enters; the one it is in to put right what a lost race left.

    Raises:
        EvidenceError: the keep is older than such statements; a hint says how to upgrade it.
    """
    versions = list_versions(keep, moved.name)
    deployed = [
        version
        for version in versions
        if (after if version.subject == moved.subject else version.earned) is Stage.DEPLOYED
    ]
    made = []
    for number, version in enumerate(versions):
        newer = [one for one in deployed if one in versions[number + 1 :]]
        by = newer[-1].subject.digest.sha256 if newer else ""
        if version.earned.is_final or by == superseded_by(keep, version):
            continue
        keep.require_own_grant(_URI)
        fields = {
            "facts": {"superseded": bool(by)},
            "name": version.name,
            "by": by or moved.subject.digest.sha256,
            "reason": f"{moved.subject.digest.sha256[:12]} became {after.value}",
        }
        statement = make_statement("supersession", (version.subject,), fields, clock=keep.clock)
        made.append(seal(statement.to_bytes(), keep.key))
    return made


def superseded_by(keep: Keep, version: Version) -> str:
    """The sha256 of the version that took this one's place, hex; empty if none did.

    Raises:
        EvidenceError: a statement about it is not what was signed.
    """
    by = ""
    for entry in keep.store.entries_of(_URI, [version.subject.digest.sha256]):
        payload, keyid = verify_envelope(entry.body, keep.trust.keys())
        made = parse_statement(payload)
        place = Place(keep.origin, entry.seq)
        if made.predicate_type != _URI or made.subjects[0] != version.subject:
            raise EvidenceError(f"entry {entry.seq}: is not the supersession it is filed as")
        if keep.trust.allows(keyid, _URI, made.issued, place):
            by = str(made.predicate["by"]) if made.facts()["superseded"] else ""
    return by
