"""Signed checkpoints: what the log looked like at one size, in a few lines of text.

Sources: C2SP tlog-checkpoint and signed-note (Ed25519, algorithm byte 0x01).
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from modelkeep.core import EvidenceError

_ALGORITHM: Final = b"\x01"
_DASH: Final = "\u2014"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Origin, size and root of a log."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """The note's body."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def _raw(key: ed25519.Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def _key_hash(origin: str, raw: bytes) -> bytes:
    return hashlib.sha256(origin.encode() + b"\n" + _ALGORITHM + raw).digest()[:4]


def verifier_key(origin: str, key: ed25519.Ed25519PublicKey) -> str:
    """The C2SP verifier key: ``origin+hash+base64(algorithm key)``."""
    raw = _raw(key)
    encoded = base64.b64encode(_ALGORITHM + raw).decode()
    return f"{origin}+{_key_hash(origin, raw).hex()}+{encoded}"


def sign_checkpoint(checkpoint: Checkpoint, key: ed25519.Ed25519PrivateKey) -> str:
    """The signed note."""
    text = checkpoint.text()
    blob = _key_hash(checkpoint.origin, _raw(key.public_key())) + key.sign(text.encode())
    return f"{text}\n{_DASH} {checkpoint.origin} {base64.b64encode(blob).decode()}\n"


def parse_checkpoint(note: str) -> Checkpoint:
    """Read a note's body without verifying it.

    Raises:
        EvidenceError: not a checkpoint.
    """
    body, _, _ = note.partition("\n\n")
    lines = body.split("\n")
    try:
        origin, size, root = lines[0], int(lines[1]), base64.b64decode(lines[2], validate=True)
    except (IndexError, ValueError) as error:
        raise EvidenceError(f"not a log checkpoint: {note[:60]!r}") from error
    if str(size) != lines[1] or size < 0 or len(root) != 32:  # noqa: PLR2004 - sha256
        raise EvidenceError(f"not a log checkpoint: {note[:60]!r}")
    return Checkpoint(origin, size, root)


def verify_checkpoint(note: str, vkey: str) -> Checkpoint:
    """Verify a note with a verifier key.

    Raises:
        EvidenceError: malformed, of another origin, or not signed by that key.
    """
    checkpoint = parse_checkpoint(note)
    try:
        origin, expected, encoded = vkey.split("+", 2)
        key = base64.b64decode(encoded, validate=True)
        public = ed25519.Ed25519PublicKey.from_public_bytes(key[1:])
    except ValueError as error:
        raise EvidenceError(f"not a log verifier key: {vkey[:60]!r}") from error
    key_hash = _key_hash(origin, key[1:])
    if key[:1] != _ALGORITHM or key_hash.hex() != expected:
        raise EvidenceError("log verifier key does not match its own hash")
    if checkpoint.origin != origin:
        raise EvidenceError(f"checkpoint is of log {checkpoint.origin!r}, not {origin!r}")
    body, _, signatures = note.partition("\n\n")
    for line in signatures.splitlines():
        dash, name, blob = [*line.split(" ", 2), "", ""][:3]
        if dash != _DASH or name != origin:
            continue
        try:
            raw = base64.b64decode(blob, validate=True)
            if raw[:4] == key_hash:
                public.verify(raw[4:], body.encode() + b"\n")
                return checkpoint
        except (ValueError, InvalidSignature):
            continue
    raise EvidenceError(f"checkpoint of {origin!r} is not signed by the trusted log key")
