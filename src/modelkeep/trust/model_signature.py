"""Signatures of models in the OpenSSF model-signing bundle format.

An in-toto statement lists the sha256 of every file; a DSSE envelope signs it; a
Sigstore bundle carries both. Written and read here so that everything in the tree is
covered: empty files, dot files, links to files, ``.git``, and beside the digests each
file's type and mode. No ignore list is taken from the bundle, because whoever signs would
choose what is not looked at.

Sources: OpenSSF Model Signing v1.0; Sigstore bundle v0.3; DSSE v1.0.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography import x509
from securesystemslib.dsse import Envelope

from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import MODEL_SIGNATURE, PublicKey, SigningKey, parse_envelope
from modelkeep.sources import Artifact, Manifest
from modelkeep.trust.certificates import encode_chain, parse_chain
from modelkeep.trust.file_marks import Mark, read_marks

BUNDLE_TYPE: Final = "application/vnd.dev.sigstore.bundle.v0.3+json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_STATEMENT: Final = "https://in-toto.io/Statement/v1"
_MARKS: Final = "urn:modelkeep:marks:1"  # other readers of the format pass it over
_LARGEST: Final = 256 << 20  # bytes of a signature file


@dataclass(frozen=True, slots=True)
class ModelSignature:
    """A bundle as read, not yet verified.

    Attributes:
        envelope: the signed statement.
        hint: sha256 of the signer's public key in PEM, or empty.
        chain: certificates, leaf first, if the bundle carries any.
        files: sha256 by file name as signed; the single file of a model is ``.``.
        marks: type and mode by file name, where the signer wrote them down.
        links: whether the signer let links be signed.
    """

    envelope: Envelope
    hint: str
    chain: tuple[x509.Certificate, ...]
    files: dict[str, str]
    marks: dict[str, Mark] = field(default_factory=dict)
    links: bool = True


def key_hint(key: PublicKey) -> str:
    """How the format names a key: sha256 of its PEM."""
    return hashlib.sha256(key.pem.encode()).hexdigest()


def _payload(artifact: Artifact, manifest: Manifest) -> bytes:
    digests = [file.digest.sha256 for file in manifest.files]
    root = hashlib.sha256(b"".join(bytes.fromhex(digest) for digest in digests)).hexdigest()
    statement = {
        "_type": _STATEMENT,
        "subject": [{"name": artifact.name, "digest": {"sha256": root}}],
        "predicateType": MODEL_SIGNATURE,
        "predicate": {
            "serialization": {"method": "files", "hash_type": "sha256", "allow_symlinks": True},
            "resources": [
                {"name": file.name or ".", "algorithm": "sha256", "digest": file.digest.sha256}
                for file in manifest.files
            ],
            _MARKS: msgspec.to_builtins(read_marks(artifact)),
        },
    }
    return json.dumps(statement, indent=2).encode()


def make_bundle(
    artifact: Artifact,
    manifest: Manifest,
    key: SigningKey,
    chain: tuple[x509.Certificate, ...] = (),
) -> bytes:
    """Sign an artifact; returns the bundle file.

    Args:
        artifact: what is signed.
        manifest: its digests, from ``sources.digest_artifact``.
        key: the signing key.
        chain: certificates of the key, leaf first, to travel along.
    """
    envelope = Envelope(_payload(artifact, manifest), PAYLOAD_TYPE, {})
    envelope.sign(key.signer())
    material: dict[str, Any] = {"publicKey": {"hint": key_hint(key.public)}, "tlogEntries": []}
    if chain:
        certificates = [{"rawBytes": raw} for raw in encode_chain(chain)]
        material = {"x509CertificateChain": {"certificates": certificates}, "tlogEntries": []}
    bundle = {
        "mediaType": BUNDLE_TYPE,
        "verificationMaterial": material,
        "dsseEnvelope": envelope.to_dict(),
    }
    return json.dumps(bundle).encode()


def read_bundle(path: Path) -> ModelSignature:
    """Read a bundle file.

    Raises:
        InputError: no such file.
        EvidenceError: not a bundle of this format, or its root digest does not
            match its own list.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise EvidenceError(f"{path}: a signature of this size is not believed")
        text = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    try:
        data = json.loads(text)
        material = data["verificationMaterial"]
        raw = json.dumps(data["dsseEnvelope"]).encode()
        certificates = (material.get("x509CertificateChain") or {}).get("certificates", [])
        certificates = certificates or [c for c in [material.get("certificate")] if c]
        chain = [certificate["rawBytes"] for certificate in certificates]
        hint = str((material.get("publicKey") or {}).get("hint") or "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"{path}: not a signature bundle ({error!r})") from error
    envelope = parse_envelope(raw)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise EvidenceError(f"{path}: payload type {envelope.payload_type!r} is not in-toto")
    files = _signed_files(envelope, path)
    marks, links = _signed_marks(envelope, path)
    return ModelSignature(envelope, hint, parse_chain(chain), files, marks, links)


def _signed_marks(envelope: Envelope, path: Path) -> tuple[dict[str, Mark], bool]:
    """Marks by name, and whether links may be there; both optional in the format."""
    predicate = json.loads(envelope.payload)["predicate"]
    try:
        marks = msgspec.convert(predicate.get(_MARKS, {}), dict[str, Mark])
    except msgspec.ValidationError as error:
        raise EvidenceError(f"{path}: types and modes cannot be read ({error})") from error
    return marks, predicate["serialization"].get("allow_symlinks") is not False


def _signed_files(envelope: Envelope, path: Path) -> dict[str, str]:
    try:
        statement = json.loads(envelope.payload)
        if (statement["_type"], statement["predicateType"]) != (_STATEMENT, MODEL_SIGNATURE):
            raise EvidenceError(f"{path}: not a model signature v1.0")
        (subject,) = statement["subject"]
        predicate = statement["predicate"]
        method = predicate["serialization"]["method"]
        if method != "files":
            raise EvidenceError(f"{path}: serialization {method!r} is not read, only `files`")
        resources = predicate["resources"]
        files = {str(item["name"]): str(item["digest"]).lower() for item in resources}
        if len(files) != len(resources):
            raise EvidenceError(f"{path}: a file is listed twice")
        if any(item["algorithm"] != "sha256" for item in resources):
            raise EvidenceError(f"{path}: files are not listed by sha256")
        root = hashlib.sha256(b"".join(bytes.fromhex(item["digest"]) for item in resources))
        if root.hexdigest() != subject["digest"]["sha256"]:
            raise EvidenceError(f"{path}: the root digest does not match the list of files")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"{path}: not a model signature ({error!r})") from error
    return files
