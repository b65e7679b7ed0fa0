"""In-toto statements and the envelopes (DSSE) that carry them.

Sources: in-toto attestation framework, Statement v1; DSSE v1.0 (pre-authentication
encoding), through securesystemslib.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, Final

import msgspec
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError

from modelkeep.core import EvidenceError, Subject
from modelkeep.core.clock import timestamp
from modelkeep.evidence.canonical import encode, parse_timestamp
from modelkeep.evidence.keys import PublicKey, SigningKey
from modelkeep.evidence.predicate import FactValue
from modelkeep.evidence.predicates import by_key, by_uri

STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
_REMEMBERED: Final = 16 << 10  # bytes of an envelope whose verification is kept
Clock = Callable[[], dt.datetime]


class UnknownSignerError(EvidenceError):
    """Nobody whom the trust map knows has signed it."""

    default_hint = "If you trust the signer: modelkeep trust add NAME KEY.pub --predicate ..."


class Statement(msgspec.Struct, frozen=True):
    """A claim about subjects; ``predicate`` is plain JSON data."""

    subjects: tuple[Subject, ...]
    predicate_type: str
    predicate: dict[str, Any]

    @property
    def issued(self) -> dt.datetime:
        """When it was made."""
        return parse_timestamp(self.predicate.get("issued", ""))

    @property
    def expires(self) -> dt.datetime:
        """From when on it does not count."""
        return parse_timestamp(self.predicate.get("expires", ""))

    def facts(self) -> dict[str, FactValue]:
        """The facts its predicate type may assert.

        Raises:
            EvidenceError: a fact that is not in the table, or of another type.
        """
        row = by_uri(self.predicate_type)
        claimed = self.predicate.get("facts", {})
        if row is None or not isinstance(claimed, dict):
            return {}
        for name, value in claimed.items():
            kind = row.facts.get(name)
            if kind is None or type(value) is not kind:
                raise EvidenceError(f"{row.key} statement may not assert {name}={value!r}")
        return claimed

    def to_bytes(self) -> bytes:
        """Canonical in-toto JSON."""
        subjects = [
            {
                "name": subject.name,
                "digest": {"sha256": subject.digest.sha256, "blake3": subject.digest.blake3},
                "annotations": {"kind": subject.kind},
            }
            for subject in self.subjects
        ]
        return encode(
            {
                "_type": STATEMENT_TYPE,
                "subject": subjects,
                "predicateType": self.predicate_type,
                "predicate": self.predicate,
            }
        )


def make_statement(
    key: str, subjects: tuple[Subject, ...], fields: dict[str, Any], *, clock: Clock
) -> Statement:
    """A statement of ours, issued now and good for its type's lifetime.

    Args:
        key: predicate's short name.
        subjects: what it is about, the model first.
        fields: the predicate without ``issued`` and ``expires``.
        clock: gives the time.

    Raises:
        EvidenceError: the fields do not have the predicate's shape, or a subject has no
            sha256, by which everybody else would look it up.
    """
    row = by_key(key)
    unnamed = [subject.name for subject in subjects if not subject.digest.sha256]
    if unnamed:
        raise EvidenceError(f"{unnamed[0]}: nothing is recorded without its sha256")
    if row.shape is None:
        raise EvidenceError(f"predicate {key!r} is not recorded")
    now = clock()
    until = now + dt.timedelta(days=row.lifetime_days)
    predicate = {"issued": timestamp(now), "expires": timestamp(until), **fields}
    try:
        shaped = msgspec.convert(predicate, row.shape, strict=True)
    except msgspec.ValidationError as error:
        raise EvidenceError(f"{key} predicate: {error}") from error
    statement = Statement(subjects, row.uri, msgspec.to_builtins(shaped))
    statement.facts()
    return statement


def parse_statement(payload: bytes) -> Statement:
    """Read a statement.

    Raises:
        EvidenceError: not an in-toto Statement v1.
    """
    try:
        data = json.loads(payload)
        if data["_type"] != STATEMENT_TYPE:
            raise EvidenceError(f"not an in-toto statement v1: {data['_type']!r}")
        subjects = tuple(
            msgspec.convert(
                {
                    "kind": entry.get("annotations", {}).get("kind", "model"),
                    "name": entry.get("name", ""),
                    "digest": {"blake3": "", **entry["digest"]},
                },
                Subject,
            )
            for entry in data["subject"]
        )
        predicate_type, predicate = data["predicateType"], data["predicate"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"not an in-toto statement: {error!r}") from error
    if not subjects or not isinstance(predicate, dict) or not isinstance(predicate_type, str):
        raise EvidenceError("in-toto statement without subject or predicate")
    return Statement(subjects, predicate_type, predicate)


def seal(payload: bytes, key: SigningKey) -> bytes:
    """Sign a payload; returns the envelope as canonical JSON."""
    envelope = Envelope(payload, PAYLOAD_TYPE, {})
    envelope.sign(key.signer())
    return encode(envelope.to_dict())


def parse_envelope(body: bytes) -> Envelope:
    """Read an envelope without verifying it.

    Raises:
        EvidenceError: not a DSSE envelope.
    """
    try:
        envelope = Envelope.from_dict(json.loads(body))
        if not all(isinstance(keyid, str) for keyid in envelope.signatures):
            raise TypeError("a key id is no text")  # noqa: TRY301 - one message for all forms
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EvidenceError(f"not a DSSE envelope: {error!r}") from error
    return envelope


def verify_envelope(body: bytes, keys: tuple[PublicKey, ...]) -> tuple[bytes, str]:
    """Verify an envelope against known keys; returns payload and signing key's id.

    Small ones that held are remembered: a model that is loaded again and again brings the
    same envelopes each time.

    Raises:
        EvidenceError: not an envelope, another payload type, or not signed by
            any of the keys.
    """
    if len(body) <= _REMEMBERED:
        return _verify_remembering(body, keys)
    return _verify(body, keys)


def _verify(body: bytes, keys: tuple[PublicKey, ...]) -> tuple[bytes, str]:
    envelope = parse_envelope(body)
    if envelope.payload_type != PAYLOAD_TYPE:
        raise EvidenceError(f"payload type {envelope.payload_type!r} is not in-toto")
    named = [key for key in keys if key.keyid in envelope.signatures]
    if not named:
        signers = ", ".join(keyid[:12] for keyid in envelope.signatures) or "nobody"
        raise UnknownSignerError(f"signed by {signers}, whom the trust map does not know")
    try:
        accepted = envelope.verify([key.verifier() for key in named], 1)
    except VerificationError as error:
        raise EvidenceError(f"signature of {named[0].keyid[:12]} does not verify") from error
    return envelope.payload, next(iter(accepted))


_verify_remembering = functools.lru_cache(maxsize=2048)(_verify)


def statement_id(body: bytes) -> str:
    """Identity of an envelope: sha256 of its bytes."""
    return hashlib.sha256(body).hexdigest()
