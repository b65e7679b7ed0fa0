"""Keys: made, kept with mode 0600, used through securesystemslib signers.

A key's id is the sha256 of its SubjectPublicKeyInfo, so that anyone can compute it
from the public key alone.
"""

from __future__ import annotations

import functools
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from securesystemslib.signer import CryptoSigner, SSlibKey

from modelkeep.core import InputError

PASSPHRASE_VARIABLE: Final = "MODELKEEP_PASSPHRASE"  # noqa: S105 - the name of a variable
PrivateKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
AnyPublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


def _spki(key: AnyPublicKey, encoding: serialization.Encoding) -> bytes:
    return key.public_bytes(encoding, serialization.PublicFormat.SubjectPublicKeyInfo)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key in PEM and its id."""

    keyid: str
    pem: str

    @classmethod
    def from_crypto(cls, key: AnyPublicKey) -> PublicKey:
        """From a ``cryptography`` key."""
        keyid = hashlib.sha256(_spki(key, serialization.Encoding.DER)).hexdigest()
        return cls(keyid, _spki(key, serialization.Encoding.PEM).decode())

    @classmethod
    def from_pem(cls, pem: str) -> PublicKey:
        """From PEM text.

        Raises:
            InputError: not a P-256 or Ed25519 public key.
        """
        return cls.from_crypto(load_public(pem))

    def verifier(self) -> SSlibKey:
        """The key as securesystemslib verifies with it."""
        return _verifier(self.keyid, self.pem)


@functools.lru_cache(maxsize=256)
def _verifier(keyid: str, pem: str) -> SSlibKey:
    return SSlibKey.from_crypto(load_public(pem), keyid=keyid)


def load_public(pem: str) -> AnyPublicKey:
    """Parse a public key.

    Raises:
        InputError: not PEM, or another kind of key.
    """
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError(f"not a public key in PEM: {error}") from error
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        return key
    raise InputError("only ECDSA P-256 and Ed25519 keys are used here")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key in memory."""

    private: PrivateKey

    @classmethod
    def generate(cls, kind: str = "p256") -> SigningKey:
        """Make a key: ``p256`` or ``ed25519``."""
        if kind == "p256":
            return cls(ec.generate_private_key(ec.SECP256R1()))
        if kind == "ed25519":
            return cls(ed25519.Ed25519PrivateKey.generate())
        raise InputError(f"unknown key kind {kind!r}", "Use p256 or ed25519.")

    @classmethod
    def load(cls, path: Path, passphrase: bytes | None = None) -> SigningKey:
        """Read a PKCS 8 PEM file.

        Raises:
            InputError: no such file, wrong passphrase, or another kind of key.
        """
        passphrase = passphrase or _passphrase()
        try:
            key: object = serialization.load_pem_private_key(path.read_bytes(), None)
        except OSError as error:
            raise InputError(f"{path}: {error.strerror}") from error
        except TypeError:
            key = _decrypt(path, passphrase)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise InputError(f"{path}: not a private key in PEM ({error})") from error
        if isinstance(key, ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey):
            load_public(_spki(key.public_key(), serialization.Encoding.PEM).decode())
            return cls(key)
        raise InputError(f"{path}: only ECDSA P-256 and Ed25519 keys are used here")

    @property
    def public(self) -> PublicKey:
        """The public half."""
        return PublicKey.from_crypto(self.private.public_key())

    def signer(self) -> CryptoSigner:
        """The key as securesystemslib signs with it."""
        return CryptoSigner(self.private, self.public.verifier())

    def save(self, path: Path) -> None:
        """Write the key with mode 0600, never over an existing file.

        Raises:
            InputError: the file exists already.
        """
        passphrase = _passphrase()
        encryption: serialization.KeySerializationEncryption = (
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption()
        )
        pem = self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
        )
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise InputError(f"{path}: a key is there already and is not replaced") from error
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)


def _passphrase() -> bytes | None:
    return os.environ.get(PASSPHRASE_VARIABLE, "").encode() or None


def _decrypt(path: Path, passphrase: bytes | None) -> object:
    if passphrase is None:
        raise InputError(
            f"{path}: the key is protected by a passphrase",
            f"Set {PASSPHRASE_VARIABLE} in the environment.",
        )
    try:
        return serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except ValueError as error:
        raise InputError(
            f"{path}: wrong passphrase", f"Check {PASSPHRASE_VARIABLE}."
        ) from error
