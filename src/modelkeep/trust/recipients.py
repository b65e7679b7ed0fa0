"""For whom something is encrypted: X25519 and P-256 keys, and the wrapping of a data key.

A fresh key pair is made per wrapping; what both sides can derive from it and the
recipient's key (ECDH, HKDF) wraps the data key (AES key wrap).

Sources: RFC 7748 (X25519); SEC 1 (ECDH over P-256); RFC 5869; RFC 3394.
"""

from __future__ import annotations

import base64
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import (
    InvalidUnwrap,
    aes_key_unwrap,
    aes_key_wrap,
)

from modelkeep.core import InputError

_INFO: Final = b"modelkeep wrap 1"
_Public = x25519.X25519PublicKey | ec.EllipticCurvePublicKey
_Private = x25519.X25519PrivateKey | ec.EllipticCurvePrivateKey


class Wrapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data key for one recipient.

    Attributes:
        recipient: id of the recipient's key.
        sender: the fresh public key, base64 DER.
        key: the wrapped data key, base64.
    """

    recipient: str
    sender: str
    key: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody's public key; its id is the sha256 of its SubjectPublicKeyInfo."""

    public: _Public

    @property
    def keyid(self) -> str:
        """Id of the key."""
        return hashlib.sha256(_der(self.public)).hexdigest()

    @property
    def pem(self) -> str:
        """The key for others."""
        form = serialization.PublicFormat.SubjectPublicKeyInfo
        return self.public.public_bytes(serialization.Encoding.PEM, form).decode()


@dataclass(frozen=True, slots=True)
class Identity:
    """A private key that decrypts."""

    private: _Private

    @classmethod
    def generate(cls) -> Identity:
        """Make an X25519 key."""
        return cls(x25519.X25519PrivateKey.generate())

    @property
    def recipient(self) -> Recipient:
        """The public half."""
        return Recipient(self.private.public_key())

    def save(self, path: Path) -> None:
        """Write the key with mode 0600, never over an existing file.

        Raises:
            InputError: the file exists already, or cannot be written.
        """
        pem = self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}", "No key is replaced.") from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)


def load_recipient(path: Path) -> Recipient:
    """Read a public key in PEM.

    Raises:
        InputError: no such file, or another kind of key.
    """
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: not a public key in PEM ({error})") from error
    if isinstance(key, x25519.X25519PublicKey) or _is_p256(key):
        return Recipient(key)  # type: ignore[arg-type]  # narrowed by _is_p256
    raise InputError(f"{path}: only X25519 and P-256 keys can be encrypted for")


def load_identity(path: Path) -> Identity:
    """Read a private key in PEM.

    Raises:
        InputError: no such file, under a passphrase, or another kind of key.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"{path}: not a private key in PEM ({error})") from error
    if isinstance(key, x25519.X25519PrivateKey):
        return Identity(key)
    if isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, ec.SECP256R1):
        return Identity(key)
    raise InputError(f"{path}: only X25519 and P-256 keys can decrypt")


def wrap(data: bytes, recipient: Recipient) -> Wrapped:
    """Wrap a data key for a recipient."""
    public = recipient.public
    if isinstance(public, x25519.X25519PublicKey):
        fresh = x25519.X25519PrivateKey.generate()
        shared, sender = fresh.exchange(public), _der(fresh.public_key())
    else:
        pair = ec.generate_private_key(ec.SECP256R1())
        shared, sender = pair.exchange(ec.ECDH(), public), _der(pair.public_key())
    wrapped = aes_key_wrap(_derive(shared, sender, recipient), data)
    return Wrapped(recipient.keyid, _text(sender), _text(wrapped))


def unwrap(wrapped: Wrapped, identity: Identity) -> bytes | None:
    """The data key; ``None`` if it is wrapped for somebody else.

    Raises:
        InputError: what is wrapped for this key is damaged.
    """
    recipient = identity.recipient
    if wrapped.recipient != recipient.keyid:
        return None
    try:
        sender = base64.b64decode(wrapped.sender, validate=True)
        shared = _exchange(identity.private, serialization.load_der_public_key(sender))
        key = _derive(shared, sender, recipient)
        return aes_key_unwrap(key, base64.b64decode(wrapped.key, validate=True))
    except (InvalidUnwrap, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"the data key for {recipient.keyid[:12]} is damaged") from error


def _exchange(private: _Private, sender: object) -> bytes:
    if isinstance(private, x25519.X25519PrivateKey):
        if isinstance(sender, x25519.X25519PublicKey):
            return private.exchange(sender)
    elif isinstance(sender, ec.EllipticCurvePublicKey):
        return private.exchange(ec.ECDH(), sender)
    raise TypeError("a sender's key of another kind")


def _derive(shared: bytes, sender: bytes, recipient: Recipient) -> bytes:
    salt = sender + _der(recipient.public)
    return HKDF(hashes.SHA256(), 32, salt=salt, info=_INFO).derive(shared)


def _is_p256(key: object) -> bool:
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)


def _der(key: _Public) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_bytes(serialization.Encoding.DER, form)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
