"""What an encrypted file or directory holds, told by its keys and before it is decrypted.

A directory carries an encrypted list. Of a model it names each file with its digest; of a
data set the files lie under numbers, and the list says what is under each. So it is known
which model or data set somebody asks for while its bytes are still closed.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Final, TypeVar

import msgspec

from modelkeep.core import Digest, EvidenceError, Subject
from modelkeep.sources import Artifact, FileSource, root_digest
from modelkeep.trust import DecryptedSource, Identity

MODEL_LIST: Final = ".modelkeep-files"
DATA_LIST: Final = ".modelkeep-data"
_LARGEST: Final = 256 << 20
Kind = TypeVar("Kind")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: its name within the set, as the bytes of it in hex, and its digest."""

    name: str
    sha256: str


class Contents(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The list of a data set: the name of the data, and what lies under each number."""

    data: str
    files: dict[str, Entry]


def held_subject(artifact: Artifact, identity: Identity) -> Subject:
    """The model or data set that is encrypted here; its blake3 is not known.

    Raises:
        InputError: not encrypted for this key.
        EvidenceError: a list is missing or changed, or files were left out or added.
        MalformedArtifactError: not encrypted by modelkeep, or cut off.
    """
    if not artifact.is_directory:
        with FileSource(artifact.path) as source:
            digest = Digest(DecryptedSource(source, identity).sha256, "")
        return Subject("model", artifact.name, digest)
    if DATA_LIST in artifact.files:
        return _data_of(read_contents(artifact, identity))
    names = read_names(artifact, identity)
    inner = [Digest(names[name], "") for name in artifact.files if name != MODEL_LIST]
    return Subject("model", artifact.name, root_digest(inner))


def read_names(artifact: Artifact, identity: Identity) -> dict[str, str]:
    """The files of an encrypted model with their digests, after comparing the names.

    Raises:
        EvidenceError: the list is missing or changed, or names other files.
    """
    found = _decode(artifact, MODEL_LIST, identity, dict[str, str])
    for name in sorted(found.keys() ^ (set(artifact.files) - {MODEL_LIST})):
        word = "missing" if name in found else "not one of its files"
        raise EvidenceError(f"{artifact.path / name}: {word}")
    return found


def read_contents(artifact: Artifact, identity: Identity) -> Contents:
    """What lies under each number of an encrypted data set.

    Raises:
        EvidenceError: the list is missing or changed, or files were left out or added.
    """
    found = _decode(artifact, DATA_LIST, identity, Contents)
    if found.files.keys() != set(artifact.files) - {DATA_LIST}:
        raise EvidenceError(f"{artifact.path}: files were left out of it or added to it")
    return found


def inner_name(hexed: str) -> str:
    """A name from the list: anybody may encrypt for a public key, so it may be a trick.

    Raises:
        EvidenceError: it cannot be read, or leads out of the data set.
    """
    try:
        name = os.fsdecode(bytes.fromhex(hexed))
    except ValueError as error:
        raise EvidenceError("the list names a file in no way that can be read") from error
    parts = PurePosixPath(name).parts
    if not parts or "\0" in name or "\\" in name or parts[0] == "/" or ".." in parts:
        raise EvidenceError(f"the list names a file outside of its set: {name!r}")
    return name


def _data_of(contents: Contents) -> Subject:
    """The data set itself; its seal and tags lie beside it and are no part of it."""
    data = inner_name(contents.data)
    listed = [(inner_name(contents.files[n].name), n) for n in sorted(contents.files)]
    inner = [
        Digest(contents.files[number].sha256, "")
        for name, number in listed
        if name == data or name.startswith(f"{data}/")
    ]
    single = any(name == data for name, _ in listed)
    return Subject("dataset", data, inner[0] if single else root_digest(inner))


def _decode(artifact: Artifact, name: str, identity: Identity, kind: type[Kind]) -> Kind:
    path = artifact.path / name
    if name not in artifact.files:
        raise EvidenceError(f"{path}: the list of its files is missing")
    with FileSource(artifact.locate(name)) as source:
        plain = DecryptedSource(source, identity)
        if plain.size > _LARGEST:
            raise EvidenceError(f"{path}: its list is too large to be believed")
        try:
            return msgspec.json.decode(plain.read(0, plain.size), type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EvidenceError(f"{path}: its list cannot be read ({error})") from error
