"""A certificate chain: every link signed by the next, every one in force, a known root.

model_signing 1.1.1 accepts certificates that expired years ago; here the period
of validity is part of the check.
"""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization

from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import PublicKey


def load_certificates(path: Path) -> tuple[x509.Certificate, ...]:
    """Read certificates in PEM.

    Raises:
        InputError: no such file, or no certificate in it.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: no certificates in PEM ({error})") from error


def parse_chain(raw: list[str]) -> tuple[x509.Certificate, ...]:
    """Read the base64 DER certificates of a bundle, leaf first.

    Raises:
        EvidenceError: not certificates.
    """
    try:
        return tuple(x509.load_der_x509_certificate(base64.b64decode(item)) for item in raw)
    except ValueError as error:
        raise EvidenceError(f"the bundle's certificates cannot be read: {error}") from error


def encode_chain(chain: tuple[x509.Certificate, ...]) -> list[str]:
    """Certificates as base64 DER, for a bundle."""
    return [
        base64.b64encode(c.public_bytes(serialization.Encoding.DER)).decode() for c in chain
    ]


def leaf_key(chain: tuple[x509.Certificate, ...]) -> PublicKey:
    """Public key of the leaf.

    Raises:
        InputError: a kind of key that is not used here.
    """
    pem = (
        chain[0]
        .public_key()
        .public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return PublicKey.from_pem(pem.decode())


def verify_chain(
    chain: tuple[x509.Certificate, ...], roots: tuple[x509.Certificate, ...], now: dt.datetime
) -> str:
    """Verify a chain and return the leaf's subject name.

    Raises:
        EvidenceError: empty, not in force, not meant for signatures, or it does
            not lead to one of the roots.
    """
    if not chain:
        raise EvidenceError("the bundle holds no certificate")
    _require_signing_leaf(chain[0])
    current = chain[0]
    for issuer in (*chain[1:], None):
        _require_in_force(current, now)
        root = next((root for root in roots if _issued(current, root)), None)
        if root is not None:
            _require_in_force(root, now)
            return chain[0].subject.rfc4514_string()
        if current in roots:
            return chain[0].subject.rfc4514_string()
        if issuer is None or not _issued(current, issuer):
            break
        current = issuer
    raise EvidenceError(
        f"the chain of {chain[0].subject.rfc4514_string()!r} does not lead to a trusted root"
    )


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    return constraints.ca


def _require_in_force(certificate: x509.Certificate, now: dt.datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if now < certificate.not_valid_before_utc:
        raise EvidenceError(f"certificate {name!r} is not valid before its time")
    if now > certificate.not_valid_after_utc:
        ended = certificate.not_valid_after_utc.date().isoformat()
        raise EvidenceError(f"certificate {name!r} expired {ended}")


def _require_signing_leaf(certificate: x509.Certificate) -> None:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not usage.digital_signature:
        raise EvidenceError("the certificate is not meant for digital signatures")
