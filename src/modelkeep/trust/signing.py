"""Sign an artifact: hash everything, write the bundle beside or inside it."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from modelkeep.core import InputError
from modelkeep.core.replacing import replace_file
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
    replace_file(target, bundle, mode=0o644)
    return target
