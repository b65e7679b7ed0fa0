"""``modelkeep encrypt``, ``decrypt`` and ``rewrap``: a model's files at rest.

A directory becomes a directory of the same names, each file encrypted by itself so that
each can be read in part, and an encrypted list of the names with their digests: a file that
was left out, added or exchanged for another of the same model is noticed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from modelkeep.core import EvidenceError, InputError, Subject, UsageError
from modelkeep.core.settings import Value
from modelkeep.evidence import encode
from modelkeep.formats import MemorySource
from modelkeep.pipeline.accessing import require_access, require_access_here
from modelkeep.pipeline.artifacts import digest_model, size_of
from modelkeep.pipeline.encrypted_contents import MODEL_LIST, held_subject, read_names
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.sources import Artifact, FileSource, open_artifact
from modelkeep.trust import (
    AGE,
    Identity,
    decrypt,
    decrypt_age,
    encrypt,
    encrypt_age,
    load_identity,
    load_recipient,
    rewrap,
)


def encrypt_model(
    model: str | Path,
    target: str | Path,
    *,
    to: Sequence[str | Path] = (),
    age: Sequence[str] = (),
    listener: Listener | None = None,
    **flags: Value | None,
) -> Path:
    """Encrypt a file or directory.

    Args:
        model: what to encrypt; it stays where it is.
        target: where the encrypted form goes; nothing may be there.
        to: public keys in PEM (X25519 or P-256); the keep's own when nobody is named.
        age: age recipients instead; then one file in the age format is written.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the model or a key cannot be read, or something is at the target.
        UsageError: recipients of both kinds, or age for a directory.
        EvidenceError: the model changed meanwhile.
    """
    heard = listener or Listener()
    place = free_place(target)
    artifact, _, subject = digest_model(model, heard)
    if age:
        if to or artifact.is_directory:
            raise UsageError("age encrypts one file, for age recipients only")
        require_access_here(flags, "read_weights", subject)
        with drafted(place) as draft:
            encrypt_age(artifact.path, draft, age)
        return place
    with open_workspace(flags, heard, make=True) as workspace:
        require_access(workspace, "read_weights", subject)
        people = [load_recipient(Path(key)) for key in to] or [
            own_identity(workspace).recipient
        ]
    heard.reads("encrypting")
    count = heard.counting(size_of(artifact))
    with drafted(place) as draft:
        digests = {}
        for name in artifact.files:
            with FileSource(artifact.locate(name)) as source, create_file(draft, name) as sink:
                digests[name] = encrypt(source, sink, people, progress=count).sha256
        if artifact.is_directory:
            with create_file(draft, MODEL_LIST) as sink:
                encrypt(MemorySource(encode(digests)), sink, people)
    return place


def decrypt_model(
    model: str | Path,
    target: str | Path,
    *,
    key: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Path:
    """Decrypt what ``encrypt_model`` wrote; all of it, or nothing is left at the target.

    Args:
        model: the encrypted file or directory.
        target: where the plain form goes; nothing may be there.
        key: private key in PEM, or an age identity for a file in that format; the keep's
            own when left out.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: it cannot be read, is not for this key, or something is at the target.
        EvidenceError: it was changed.
        MalformedArtifactError: not encrypted by modelkeep, or cut off.
    """
    heard = listener or Listener()
    artifact, place = open_artifact(model), free_place(target)
    if key is not None and _is_age(artifact):
        with drafted(place) as draft:
            decrypt_age(artifact.path, draft, _text(Path(key)))
            _, _, subject = digest_model(draft, heard)  # age does not say it beforehand
            require_access_here(
                flags, "read_weights", Subject("model", place.name, subject.digest)
            )
        return place
    identity = identity_of(key, flags, heard)
    names = read_names(artifact, identity) if artifact.is_directory else None
    require_access_here(flags, "read_weights", held_subject(artifact, identity))
    heard.reads("decrypting")
    count = heard.counting(size_of(artifact))
    with drafted(place) as draft:
        for name in artifact.files:
            if name == MODEL_LIST:
                continue
            with FileSource(artifact.locate(name)) as source, create_file(draft, name) as sink:
                found = decrypt(source, sink, identity, count).sha256
            if names is not None and names[name] != found:
                raise EvidenceError(f"{artifact.locate(name)}: is another file of the model")
    return place


def rewrap_model(
    model: str | Path,
    target: str | Path,
    *,
    to: Sequence[str | Path],
    key: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Path:
    """Copy what is encrypted for other recipients; nothing is encrypted again.

    Args:
        model: the encrypted file or directory.
        target: where the copy goes; nothing may be there.
        to: public keys in PEM of everybody who shall read the copy.
        key: private key in PEM of somebody who may read it now; the keep's by default.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: it cannot be read, is not for this key, or something is at the target.
        EvidenceError: it was changed.
    """
    heard = listener or Listener()
    artifact, place = open_artifact(model), free_place(target)
    identity = identity_of(key, flags, heard)
    people = [load_recipient(Path(path)) for path in to]
    subject = held_subject(artifact, identity)
    action = "read_data" if subject.kind == "dataset" else "read_weights"
    require_access_here(flags, action, subject)
    with drafted(place) as draft:
        for name in artifact.files:
            with FileSource(artifact.locate(name)) as source, create_file(draft, name) as sink:
                rewrap(source, sink, identity, people)
    return place


def _is_age(artifact: Artifact) -> bool:
    if artifact.is_directory:
        return False
    with FileSource(artifact.path) as source:
        return source.read(0, len(AGE)) == AGE


def _text(path: Path) -> str:
    """An age key file's identity: the line that is no comment."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as an age key ({error})") from error
    return next((line for line in lines if line.strip() and not line.startswith("#")), "")


def identity_of(
    key: str | Path | None, flags: dict[str, Value | None], heard: Listener
) -> Identity:
    """The private key somebody named, or the keep's own."""
    if key is not None:
        return load_identity(Path(key))
    with open_workspace(flags, heard) as workspace:
        return own_identity(workspace)


def own_identity(workspace: Workspace) -> Identity:
    """The keep's own key for encryption, made when it is first needed."""
    path = workspace.keep.root / "keys" / "encryption.pem"
    if not path.exists():
        fresh = Identity.generate()
        fresh.save(path)
        path.with_suffix(".pub").write_text(fresh.recipient.pem, encoding="utf-8")
    return load_identity(path)


def free_place(target: str | Path) -> Path:
    """A place where nothing is yet.

    Raises:
        InputError: something is there.
    """
    place = Path(target)
    if place.exists() or place.is_symlink():
        raise InputError(f"{place}: is there already", "Name a place that is free.")
    return place


@contextmanager
def drafted(place: Path) -> Iterator[Path]:
    """A place beside the target, moved there when all went well and removed when not."""
    draft = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        yield draft
        os.rename(draft, place)  # noqa: PTH104 - of a file or a directory
    except OSError as error:
        raise InputError(f"{place}: {error.strerror}") from error
    finally:
        if draft.is_dir():
            shutil.rmtree(draft, ignore_errors=True)
        else:
            draft.unlink(missing_ok=True)


def create_file(draft: Path, name: str) -> IO[bytes]:
    """A new file for its owner only, in a directory or, without a name, the draft itself."""
    path = draft / name if name else draft
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "wb")
