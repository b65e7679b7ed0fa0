"""The age format, for exchange with tools that do not know ours.

A whole file is encrypted and decrypted; there is no random access and no digest in it.

Source: age-encryption.org/v1, through pyrage.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from modelkeep.core import EvidenceError, InputError, MissingExtraError

START: Final = b"age-encryption.org/"


def _pyrage() -> Any:  # noqa: ANN401 - an optional module
    try:
        import pyrage  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError as error:
        raise MissingExtraError("the age format", "pyrage", "encrypted") from error
    return pyrage


def encrypt_age(source: Path, target: Path, recipients: Sequence[str]) -> None:
    """Encrypt a file for age recipients (``age1...``).

    Raises:
        InputError: no recipient, one that age does not know, or a file that cannot be used.
        MissingExtraError: pyrage is not installed.
    """
    pyrage = _pyrage()
    if not recipients:
        raise InputError("nobody to encrypt for", "Name a recipient: --age age1...")
    try:
        known = [pyrage.x25519.Recipient.from_str(text) for text in recipients]
    except pyrage.RecipientError as error:
        raise InputError(f"not an age recipient: {error}") from error
    try:
        pyrage.encrypt_file(str(source), str(target), known)
    except (pyrage.EncryptError, OSError) as error:
        raise InputError(f"{source}: age cannot encrypt it ({error})") from error


def decrypt_age(source: Path, target: Path, identity: str) -> None:
    """Decrypt a file with an age identity (``AGE-SECRET-KEY-1...``).

    Raises:
        InputError: not an identity.
        EvidenceError: the file cannot be read, was changed, or is for somebody else.
        MissingExtraError: pyrage is not installed.
    """
    pyrage = _pyrage()
    try:
        known = pyrage.x25519.Identity.from_str(identity.strip())
    except pyrage.IdentityError as error:
        raise InputError("not an age identity") from error
    try:
        pyrage.decrypt_file(str(source), str(target), [known])
    except (pyrage.DecryptError, OSError) as error:  # a changed file may raise either
        raise EvidenceError(f"{source}: age cannot decrypt it ({error})") from error
