"""``modelkeep data seal`` and ``modelkeep data verify``."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import blake3
import msgspec

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.data import (
    DataManifest,
    Difference,
    Options,
    Others,
    Sealed,
    compare_data,
    key_name,
    open_tags,
    place_of_seal,
    place_of_tags,
    read_seal,
    write_seal,
)
from modelkeep.data import seal_data as seal_files
from modelkeep.data.interface import FileSeal
from modelkeep.evidence import make_statement
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import size_of
from modelkeep.pipeline.data_checks import DataReport, Examination
from modelkeep.pipeline.data_trust import require_trusted
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.sources import (
    Artifact,
    FileDigest,
    Hashing,
    Manifest,
    digest_artifact,
    digest_bytes,
    open_artifact,
    stamp,
)

SHOWN: Final = 100  # differences of one kind in one file


@dataclass(frozen=True, slots=True)
class SealReceipt:
    """What sealing hands back."""

    path: Path
    manifest: DataManifest
    reused: int
    statement_id: str
    check: DataReport | None = None


@dataclass(frozen=True, slots=True)
class DataCheck:
    """What verifying found.

    Attributes:
        differences: at most ``SHOWN`` of a kind in a file.
        counts: all of them, by kind.
        notes: what a reader should know besides.
        rows: how many rows were sealed.
    """

    differences: tuple[Difference, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]
    rows: int


def seal_data(
    data: str | Path,
    *,
    options: Options | None = None,
    seal: str | Path | None = None,
    schema: str | Path | None = None,
    reference: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> SealReceipt:
    """Seal a data set: write its signed manifest beside it and record it.

    Files that an older, trusted seal at the same place covers with the same bytes and
    options are taken over and not decoded again. With a schema or a reference the data is
    checked in the same decode, nothing is taken over, and both results are recorded.

    Args:
        data: a table, or a folder of tables, images or texts.
        options: label and source columns, source and licence.
        seal: where the seal goes; beside the data by default.
        schema: what the data must look like, as for ``check_data``.
        reference: data or a profile it should be spread like.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the data cannot be read to its end, or is empty.
        EvidenceError: it changed while it was read.
    """
    heard, chosen = listener or Listener(), options or Options()
    examination = Examination(schema, reference, heard, flags)
    with open_workspace(flags, heard, make=True) as workspace:
        artifact, hashed, subject = _digest(data, heard)
        require_access(workspace, "sign", subject)
        path = _place(artifact, seal)
        key = _tag_key(workspace, make=True) or b""
        descriptor, draft = _draft(place_of_tags(path))
        try:
            with os.fdopen(descriptor, "w+b") as tags:
                others = Others(watches=examination.watches)
                if not others.watches:
                    others = Others(reuse=_Older(workspace, path, chosen, key))
                sealed = seal_files(artifact, hashed, chosen, key, tags, others)
                tags.flush()
            manifest = msgspec.structs.replace(sealed.manifest, tags_blake3=_blake3(draft))
            text = msgspec.json.encode(manifest)
            identity, envelope = _record(workspace, subject, manifest, text)
            draft.replace(place_of_tags(path))
            write_seal(path, envelope, text)
        finally:
            draft.unlink(missing_ok=True)
        check = None
        if examination.watches:
            passed = [file.path for file in manifest.files if not file.columns]
            check = examination.report(subject, passed)
            workspace.keep.record([examination.statement(check, workspace.keep.clock)])
        return SealReceipt(path, manifest, sealed.reused, identity, check)


def verify_data(
    data: str | Path,
    *,
    seal: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> DataCheck:
    """Compare a data set with its seal.

    Args:
        data: what was sealed, as it is now.
        seal: where the seal lies; beside the data by default.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: there is no seal, or the data cannot be read to its end.
        EvidenceError: the seal is not signed by somebody trusted for it, has expired, is
            damaged, or the data changed while it was read.
    """
    heard = listener or Listener()
    with open_workspace(flags, heard) as workspace:
        path = _place(open_artifact(data), seal)
        found = read_seal(path)
        require_access(workspace, "read_data", require_trusted(workspace, found, path))
        artifact = open_artifact(data)
        before = stamp(artifact)
        heard.reads("hashing")
        hashed = digest_artifact(artifact, heard.counting(size_of(artifact)), Hashing.FAST)
        key = _tag_key(workspace, make=False)
        known = key if key is not None and key_name(key) == found.manifest.tags_key else None
        tags = open_tags(place_of_tags(path), found.manifest)
        differences, counts = _collect(
            compare_data(artifact, hashed, found.manifest, key=known, tags=tags)
        )
        if stamp(artifact) != before:
            raise EvidenceError(f"{artifact.path}: changed while it was being verified")
        return DataCheck(differences, counts, _notes(known, tags), found.manifest.rows)


def _notes(key: bytes | None, tags: object) -> tuple[str, ...]:
    if tags is None:
        return (
            "the tags of the rows are gone or not those sealed: blocks are named, not rows",
        )
    if key is None:
        return (
            "the rows were tagged under the key of another keep: blocks are named, not rows",
        )
    return ()


def _digest(data: str | Path, heard: Listener) -> tuple[Artifact, Manifest, Subject]:
    artifact = open_artifact(data)
    heard.reads("hashing")
    hashed = digest_artifact(artifact, heard.counting(size_of(artifact)))
    return artifact, hashed, Subject("dataset", artifact.name, hashed.digest)


def _place(artifact: Artifact, named: str | Path | None) -> Path:
    path = Path(named) if named is not None else place_of_seal(artifact)
    if artifact.is_directory and path.resolve().is_relative_to(artifact.path.resolve()):
        raise InputError(f"{path}: a seal lies outside of the data it covers")
    if path.resolve() == artifact.path.resolve():
        raise InputError(f"{path}: is the data itself")
    return path


def _draft(target: Path) -> tuple[int, Path]:
    try:
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=".tags-")
    except OSError as error:
        raise InputError(f"{target}: {error.strerror}") from error
    return descriptor, Path(name)


def _tag_key(workspace: Workspace, *, make: bool) -> bytes | None:
    """The keep's key for the tags of rows; it never leaves the keep."""
    path = workspace.keep.root / "keys" / "rows.key"
    if make:
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        else:
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(32))
    try:
        key = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(key) != 32:  # noqa: PLR2004 - as BLAKE3 takes it
        raise EvidenceError(f"{path}: not a key of 32 bytes")
    return key


def _blake3(path: Path) -> str:
    fast = blake3.blake3()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            fast.update(part)
    return fast.hexdigest()


def _record(
    workspace: Workspace, subject: Subject, manifest: DataManifest, text: bytes
) -> tuple[str, bytes]:
    fields = {
        "facts": {
            "data_sealed": True,
            "data_rows": manifest.rows,
            "data_files": len(manifest.files),
        },
        "tool": f"modelkeep {VERSION}",
        "manifest_sha256": digest_bytes(text).sha256,
        "root": manifest.root,
        "rows": manifest.rows,
        "files": len(manifest.files),
        "classes": len(manifest.classes),
        "source": manifest.options.source,
        "licence": manifest.options.licence,
    }
    statement = make_statement("seal", (subject,), fields, clock=workspace.keep.clock)
    (receipt,) = workspace.keep.record([statement])
    return receipt.statement_id, workspace.keep.store.entry(receipt.statement_id).body


class _Older:
    """Seals of files taken over from the seal that lies there already."""

    def __init__(self, workspace: Workspace, path: Path, options: Options, key: bytes) -> None:
        self._known: dict[tuple[str, str], tuple[FileSeal, int]] = {}
        self._tags = None
        if not path.exists():
            return
        try:
            found = read_seal(path)
            require_trusted(workspace, found, path)
        except EvidenceError as error:
            workspace.listener.tell(f"the older seal is not used: {error.message}")
            return
        old = found.manifest
        columns = (old.options.label, old.options.source_column, old.tags_key)
        if columns != (options.label, options.source_column, key_name(key)):
            return
        self._tags = open_tags(place_of_tags(path), old)
        first = 0
        for file in old.files:
            self._known[file.path, file.sha256] = (file, first)
            first += file.rows if file.columns else 0

    def __call__(self, file: FileDigest, tags: IO[bytes]) -> FileSeal | None:
        """The seal of a file with the same name and bytes; its tags are copied."""
        found, first = self._known.get((file.name, file.digest.sha256), (None, 0))
        if self._tags is None or found is None or not found.columns:
            return None
        tags.write(self._tags[first : first + found.rows].tobytes())
        return found


def _collect(
    found: Iterable[Difference],
) -> tuple[tuple[Difference, ...], dict[str, int]]:
    """The first of each kind in each file, and how many there are of each kind."""
    seen: Counter[tuple[str, str]] = Counter()
    counts: Counter[str] = Counter()
    kept = []
    for difference in found:
        counts[difference.kind] += 1
        seen[difference.kind, difference.path] += 1
        if seen[difference.kind, difference.path] <= SHOWN:
            kept.append(difference)
    return tuple(kept), dict(sorted(counts.items()))


__all__ = ["DataCheck", "SealReceipt", "Sealed", "seal_data", "verify_data"]
