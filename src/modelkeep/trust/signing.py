"""Sign an artifact: hash everything, write the bundle beside or inside it."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from cryptography import x509

from modelkeep.core import InputError
from modelkeep.evidence import SigningKey
from modelkeep.sources import Artifact, Manifest
from modelkeep.trust.certificates import leaf_key
from modelkeep.trust.model_signature import make_bundle


def sign_artifact(
    artifact: Artifact,
    manifest: Manifest,
    key: SigningKey,
    *,
    chain: tuple[x509.Certificate, ...] = (),
) -> Path:
    """Write the signature of an artifact and return its path.

    An older signature is replaced in one step.

    Raises:
        InputError: the certificate is not of this key, or the file cannot be written.
    """
    if chain and leaf_key(chain).keyid != key.public.keyid:
        raise InputError("the certificate does not belong to the signing key")
    target = artifact.signature
    bundle = make_bundle(artifact, manifest, key, chain)
    try:
        descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=".sig-")
    except OSError as error:
        raise InputError(f"{target}: {error.strerror}") from error
    draft = Path(temporary)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(bundle)
        draft.chmod(0o644)
        draft.replace(target)
    except OSError as error:
        raise InputError(f"{target}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)  # there only if it was not moved
    return target
