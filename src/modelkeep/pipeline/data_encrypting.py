"""``modelkeep data encrypt`` and ``data open``: a sealed data set at rest.

The data, its seal and the tags of its rows are encrypted together: a seal names classes,
bounds and files. Names are hidden too, for a folder of images says its labels by them; each
file lies under a number, and an encrypted list says what it is. Sizes and how many files
there are stay visible. What is opened must match its seal before it appears.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from modelkeep.core import EvidenceError, InputError, Subject
from modelkeep.core.settings import Value
from modelkeep.data import place_of_seal, place_of_tags
from modelkeep.formats import MemorySource
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import size_of
from modelkeep.pipeline.data_trust import seal_of_these_bytes
from modelkeep.pipeline.encrypted_contents import (
    DATA_LIST,
    Contents,
    Entry,
    held_subject,
    inner_name,
    read_contents,
)
from modelkeep.pipeline.encrypting import (
    create_file,
    drafted,
    free_place,
    identity_of,
    own_identity,
)
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import open_workspace
from modelkeep.sources import Artifact, FileSource, digest_artifact, open_artifact
from modelkeep.trust import Recipient, decrypt, encrypt, load_recipient


def encrypt_data(
    data: str | Path,
    target: str | Path,
    *,
    to: Sequence[str | Path] = (),
    listener: Listener | None = None,
    **flags: Value | None,
) -> Path:
    """Encrypt a sealed data set with its seal.

    Args:
        data: the data, sealed beside it and unchanged since; it stays where it is.
        target: the directory to make; nothing may be there.
        to: public keys in PEM; the keep's own when nobody is named.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: there is no seal, a key cannot be read, or something is at the target.
        EvidenceError: the seal is not trusted, or not of these bytes.
    """
    heard = listener or Listener()
    place, artifact = free_place(target), open_artifact(data)
    if artifact.is_directory and place.resolve().is_relative_to(artifact.path.resolve()):
        raise InputError(f"{place}: lies within the data itself")
    with open_workspace(flags, heard) as workspace:
        heard.reads("hashing")
        hashed = digest_artifact(artifact, heard.counting(size_of(artifact)))
        seal_of_these_bytes(workspace, artifact, hashed)
        require_access(workspace, "read_data", Subject("dataset", artifact.name, hashed.digest))
        own = own_identity(workspace).recipient
    people: list[Recipient] = [load_recipient(Path(key)) for key in to] or [own]
    sealed = {file.name: file.digest.sha256 for file in hashed.files}
    heard.reads("encrypting")
    count = heard.counting(size_of(artifact))
    files: dict[str, Entry] = {}
    with drafted(place) as draft:
        for number, (name, path, inner) in enumerate(_parts(artifact)):
            label = f"{number:06}"
            with FileSource(path) as source, create_file(draft, label) as sink:
                digest = encrypt(source, sink, people, progress=count).sha256
            if inner is not None and sealed[inner] != digest:
                raise EvidenceError(f"{path}: changed while it was encrypted")
            files[label] = Entry(os.fsencode(name).hex(), digest)
        text = msgspec.json.encode(Contents(os.fsencode(_named(artifact)).hex(), files))
        with create_file(draft, DATA_LIST) as sink:
            encrypt(MemorySource(text), sink, people)
    return place


def _named(artifact: Artifact) -> str:
    return (artifact.path if artifact.path.name else artifact.path.resolve()).name


def _parts(artifact: Artifact) -> Iterator[tuple[str, Path, str | None]]:
    """Every file: name beside the seal, where it is, and its name within the data."""
    name = _named(artifact)
    for inner in artifact.files:
        shown = f"{name}/{inner}" if artifact.is_directory else name
        yield shown, artifact.locate(inner), inner
    seal = place_of_seal(artifact)
    yield seal.name, seal, None
    tags = place_of_tags(seal)
    if tags.exists():
        yield tags.name, tags, None


def open_data(
    encrypted: str | Path,
    target: str | Path,
    *,
    key: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Path:
    """Decrypt a data set into a new directory; nothing appears there unless it is as sealed.

    Args:
        encrypted: what ``encrypt_data`` wrote.
        target: the directory to make, which holds the data and beside it its seal.
        key: private key in PEM; the keep's own when left out.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Returns:
        Where the data lies.

    Raises:
        InputError: it cannot be read, is not for this key, or something is at the target.
        EvidenceError: a file is missing, extra or changed, or is not as sealed.
        MalformedArtifactError: not encrypted by modelkeep, or cut off.
    """
    heard = listener or Listener()
    place, artifact = free_place(target), open_artifact(encrypted)
    identity = identity_of(key, flags, heard)
    if not artifact.is_directory or DATA_LIST not in artifact.files:
        raise InputError(f"{encrypted}: is no encrypted data set")
    contents = read_contents(artifact, identity)
    subject = held_subject(artifact, identity)
    with open_workspace(flags, heard) as workspace:
        require_access(workspace, "read_data", subject)
    heard.reads("decrypting")
    count = heard.counting(size_of(artifact))
    name = inner_name(contents.data)
    with drafted(place) as draft:
        for label, entry in contents.files.items():
            inner = inner_name(entry.name)
            with (
                FileSource(artifact.locate(label)) as source,
                create_file(draft, inner) as sink,
            ):
                found = decrypt(source, sink, identity, count).sha256
            if found != entry.sha256:
                raise EvidenceError(f"{artifact.locate(label)}: is another file of the set")
        opened = open_artifact(draft / name)
        with open_workspace(flags, heard) as workspace:
            hashed = digest_artifact(opened)
            seal_of_these_bytes(workspace, opened, hashed)
        if hashed.digest.sha256 != subject.digest.sha256:
            raise EvidenceError(f"{encrypted}: holds other data than its list says")
    return place / name
