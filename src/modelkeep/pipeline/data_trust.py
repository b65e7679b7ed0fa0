"""What may be believed about a data set: its seal, and what trusted signers say of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelkeep.core import EvidenceError, Subject
from modelkeep.data import (
    DataManifest,
    SealFile,
    place_of_seal,
    read_seal,
    require_consistent,
)
from modelkeep.evidence import Place, by_key, parse_statement, verify_envelope
from modelkeep.evidence.statement import UnknownSignerError
from modelkeep.pipeline.workspace import Workspace
from modelkeep.sources import Artifact, Manifest


def require_trusted(workspace: Workspace, found: SealFile, path: Path) -> Subject:
    """Make sure that a seal is signed by somebody trusted for it, in force and whole.

    Returns:
        The data set that was sealed.

    Raises:
        EvidenceError: it is not.
    """
    trust = workspace.keep.trust
    payload, keyid = verify_envelope(found.envelope, trust.keys())
    statement = parse_statement(payload)
    if statement.predicate_type != by_key("seal").uri:
        raise EvidenceError(f"{path}: holds another kind of statement")
    if not trust.allows(keyid, statement.predicate_type, statement.issued):
        raise EvidenceError(
            f"{path}: signer {keyid[:12]} may not assert seal",
            "If you trust the signer for it: modelkeep trust add NAME KEY.pub --predicate seal",
        )
    now = workspace.keep.clock()
    if not statement.issued <= now < statement.expires:
        raise EvidenceError(
            f"{path}: in force from {statement.predicate['issued']} to "
            f"{statement.predicate['expires']} only",
            "Seal the data again.",
        )
    if statement.predicate.get("manifest_sha256") != found.sha256:
        raise EvidenceError(f"{path}: its manifest is not the one that was signed")
    require_consistent(found.manifest, path)
    return statement.subjects[0]


def seal_of_these_bytes(
    workspace: Workspace, artifact: Artifact, hashed: Manifest, seal: Path | None = None
) -> DataManifest:
    """The manifest of a trusted seal that covers exactly these files and bytes.

    Raises:
        InputError: there is no seal.
        EvidenceError: it is not trusted, or is a seal of other bytes.
    """
    path = seal or place_of_seal(artifact)
    found = read_seal(path)
    require_trusted(workspace, found, path)
    sealed = {(file.path, file.sha256) for file in found.manifest.files}
    if sealed != {(artifact.display(f.name), f.digest.sha256) for f in hashed.files}:
        raise EvidenceError(
            f"{path}: is a seal of other bytes than {artifact.path}",
            "See what differs: modelkeep data verify DATA.",
        )
    return found.manifest


def trusted_predicates(
    workspace: Workspace, sha256: str, key: str
) -> list[tuple[str, dict[str, Any]]]:
    """Ids and predicates of one type about a digest, oldest first, from trusted signers.

    What a stranger signed is no evidence and is passed over.

    Raises:
        EvidenceError: a statement does not hold.
    """
    trust, uri = workspace.keep.trust, by_key(key).uri
    found = []
    for entry in workspace.keep.store.entries(sha256):
        if entry.predicate_type != uri:
            continue
        try:
            payload, keyid = verify_envelope(entry.body, trust.keys())
        except UnknownSignerError:
            continue
        statement = parse_statement(payload)
        place = Place(workspace.keep.origin, entry.seq)
        if trust.allows(keyid, uri, statement.issued, place):
            found.append((entry.statement_id, statement.predicate))
    return found
