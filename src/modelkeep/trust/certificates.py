"""A certificate chain: every link signed by the next, every one in force, a known root.

model_signing 1.1.1 accepts certificates that expired years ago; here the period
of validity is part of the check.
"""

from __future__ import annotations

import base64
import datetime as dt
from pathlib import Path
from typing import Final, TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import PublicKey

Kind = TypeVar("Kind", bound=x509.ExtensionType)
_SIGNING: Final = {
    ExtendedKeyUsageOID.CODE_SIGNING,
    ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
}


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
    except (ValueError, TypeError) as error:
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
    name = chain[0].subject.rfc4514_string()
    current = chain[0]
    for below, issuer in enumerate((*chain[1:], None)):
        _require_in_force(current, now)
        _require_understood(current)
        if current in roots:
            return name
        root = next((root for root in roots if _may_issue(root, current, below)), None)
        if root is not None:
            _require_in_force(root, now)
            return name
        if issuer is None or not _may_issue(issuer, current, below):
            break
        current = issuer
    raise EvidenceError(f"the chain of {name!r} does not lead to a trusted root")


def _may_issue(issuer: x509.Certificate, certificate: x509.Certificate, below: int) -> bool:
    """Whether ``issuer`` signed ``certificate`` and was allowed to.

    Args:
        issuer: a candidate.
        certificate: the certificate it may have issued.
        below: certificate authorities between ``issuer`` and the leaf.
    """
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
        return False
    usage = _extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        return False
    deep_enough = constraints.path_length is None or below <= constraints.path_length
    return constraints.ca and deep_enough


def _extension(certificate: x509.Certificate, kind: type[Kind]) -> Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _require_understood(certificate: x509.Certificate) -> None:
    """Refuse a critical restriction that nobody here applies."""
    for extension in certificate.extensions:
        foreign = isinstance(extension.value, x509.UnrecognizedExtension | x509.NameConstraints)
        if extension.critical and foreign:
            oid = extension.oid.dotted_string
            raise EvidenceError(
                f"the certificate has a critical extension not read here ({oid})"
            )


def _require_in_force(certificate: x509.Certificate, now: dt.datetime) -> None:
    name = certificate.subject.rfc4514_string()
    if now < certificate.not_valid_before_utc:
        raise EvidenceError(f"certificate {name!r} is not valid before its time")
    if now > certificate.not_valid_after_utc:
        ended = certificate.not_valid_after_utc.date().isoformat()
        raise EvidenceError(f"certificate {name!r} expired {ended}")


def _require_signing_leaf(certificate: x509.Certificate) -> None:
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise EvidenceError("the certificate is not meant for digital signatures")
    purposes = _extension(certificate, x509.ExtendedKeyUsage)
    if purposes is not None and not _SIGNING & set(purposes):
        raise EvidenceError("the certificate is meant for something else than signing code")
