"""``modelkeep data provenance``: where a data set comes from, and what its publisher says.

The chain is read from signed ``data-derivation`` statements: each names a product and its
materials by digest, so it walks from any derived set to the sets nobody here derived.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from modelkeep.core import Subject, UsageError
from modelkeep.core.settings import Value
from modelkeep.data import DataManifest, place_of_seal
from modelkeep.data.provenance import (
    RESPONSIBLE,
    Description,
    Lineage,
    Origin,
    Step,
    read_croissant,
    write_croissant,
    write_datasheet,
)
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import size_of
from modelkeep.pipeline.data_trust import seal_of_these_bytes, trusted_predicates
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.sources import Artifact, Manifest, digest_artifact, open_artifact

_MOST: Final = 1_000  # data sets in one chain


@dataclass(frozen=True, slots=True)
class Provenance:
    """Everything known of where a data set comes from.

    Attributes:
        subject: the data, by digest.
        lineage: steps back to its sources.
        said: what its publisher says, if a description was given.
        unknown: responsible-AI properties nobody said anything about.
        differing: files whose bytes are not those described, with why.
        undescribed: files with no digest in the description.
        absent: files described that are not here.
        manifest: of its seal, if there is one of these bytes.
    """

    subject: Subject
    lineage: Lineage
    said: Description | None
    unknown: tuple[str, ...]
    differing: tuple[str, ...]
    undescribed: tuple[str, ...]
    absent: tuple[str, ...]
    manifest: DataManifest | None


def trace_provenance(
    data: str | Path,
    *,
    croissant: str | Path | None = None,
    seal: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Provenance:
    """Walk from a data set to its sources, and compare it with its publisher's description.

    Args:
        data: the data set.
        croissant: the publisher's description, Croissant 1.0 or 1.1.
        seal: where the seal lies; beside the data by default.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: something cannot be read.
        EvidenceError: the seal or a statement does not hold.
    """
    heard = listener or Listener()
    with open_workspace(flags, heard) as workspace:
        artifact = open_artifact(data)
        heard.reads("hashing")
        hashed = digest_artifact(artifact, heard.counting(size_of(artifact)))
        subject = Subject("dataset", artifact.name, hashed.digest)
        require_access(workspace, "read_metadata", subject)
        said = read_croissant(Path(croissant)) if croissant is not None else None
        place = Path(seal) if seal is not None else place_of_seal(artifact)
        manifest = None
        if seal is not None or place.exists():
            manifest = seal_of_these_bytes(workspace, artifact, hashed, place)
        answered = said.responsible if said is not None else {}
        differing, undescribed, absent = _compared(artifact, hashed, said)
        return Provenance(
            subject,
            walk_lineage(workspace, subject),
            said,
            tuple(name for name in RESPONSIBLE if name not in answered),
            differing,
            undescribed,
            absent,
            manifest,
        )


def describe_as(style: str, found: Provenance) -> str:
    """The provenance as ``croissant`` or ``datasheet``.

    Raises:
        UsageError: there is no seal, whose digests both of them hold.
    """
    if found.manifest is None:
        raise UsageError(
            f"{found.subject.name}: a {style} is made from its seal, and there is none",
            "Seal the data first: modelkeep data seal DATA",
        )
    write = {"croissant": write_croissant, "datasheet": write_datasheet}[style]
    return write(found.subject.name, found.manifest, found.lineage, found.said)


def _compared(
    artifact: Artifact, hashed: Manifest, said: Description | None
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Files that differ from the description, are not in it, are in it and not here."""
    if said is None:
        return (), (), ()
    here = {artifact.display(file.name): file.digest.sha256 for file in hashed.files}
    wanted = {_local(file.url, file.name, here): file for file in said.files}
    differing = tuple(
        f"{name}: described with sha256 {wanted[name].sha256[:16]}, is {digest[:16]}"
        for name, digest in here.items()
        if name in wanted and wanted[name].sha256 not in {"", digest}
    )
    bare = tuple(n for n in here if n not in wanted or not wanted[n].sha256)
    return differing, bare, tuple(name for name in wanted if name not in here)


def _local(url: str, name: str, here: dict[str, str]) -> str:
    """Which file here an address means: the longest end of it that is a file's name."""
    parts = url.partition("?")[0].split("/")
    for start in range(len(parts)):
        if "/".join(parts[start:]) in here:
            return "/".join(parts[start:])
    return name if name in here else parts[-1] or name


def walk_lineage(workspace: Workspace, subject: Subject) -> Lineage:
    """The steps from a data set back to its sources, breadth first.

    Raises:
        EvidenceError: a statement does not hold.
    """
    waiting = deque([(subject.name, subject.digest.sha256)])
    seen = {subject.digest.sha256}
    steps: list[Step] = []
    origins: list[Origin] = []
    notes: list[str] = []
    while waiting:
        name, sha256 = waiting.popleft()
        made = trusted_predicates(workspace, sha256, "data-derivation")
        if not made:
            origins.append(_origin(workspace, name, sha256))
        for identity, said in made:
            steps.append(
                Step(sha256, said["step"], said["materials"], said["parameters"], identity)
            )
            for material in said["materials"]:
                digest = _sha256(material)
                if not digest:
                    notes.append(f"step {said['step']} names a material without a digest")
                elif digest not in seen and len(seen) < _MOST:
                    seen.add(digest)
                    waiting.append((str(material.get("name", "")), digest))
    if len(seen) == _MOST:
        notes.append(f"more than {_MOST} data sets: the rest was not walked")
    return Lineage(steps, origins, notes)


def _sha256(material: dict[str, Any]) -> str:
    digest = material.get("digest")
    found = digest.get("sha256") if isinstance(digest, dict) else None
    return found if isinstance(found, str) else ""


def _origin(workspace: Workspace, name: str, sha256: str) -> Origin:
    seals = trusted_predicates(workspace, sha256, "seal")
    newest = seals[-1][1] if seals else {}
    return Origin(
        name, sha256, bool(seals), newest.get("source", ""), newest.get("licence", "")
    )
