"""The trust map on its way to another machine: sign in CI, verify in the cluster.

The export is one signed envelope (DSSE) with the map and every revocation as it was
signed. Importing adds signers, logs and endings; it never widens a grant, never replaces a
key and never brings an ended key back, so an old export does no harm.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import Key

from modelkeep.core import EvidenceError
from modelkeep.core.clock import timestamp
from modelkeep.evidence.canonical import encode
from modelkeep.evidence.keep import Keep
from modelkeep.evidence.keys import PublicKey
from modelkeep.evidence.predicates import by_key
from modelkeep.evidence.revocation import KEY as REVOCATION
from modelkeep.evidence.revocation import read_revocation
from modelkeep.evidence.statement import parse_envelope
from modelkeep.evidence.trust_map import TrustMap, parse_trust_map

PAYLOAD_TYPE: Final = "application/vnd.modelkeep.trust+json"
FORMAT: Final = "urn:modelkeep:trust:1"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import changed: signers that are new here, signers that ended."""

    added: tuple[str, ...]
    ended: tuple[str, ...]


def export_signed(keep: Keep) -> bytes:
    """The keep's trust map and revocations, signed by the keep."""
    entries = keep.store.entries_of(by_key(REVOCATION).uri)
    document = {
        "format": FORMAT,
        "issued": timestamp(keep.clock()),
        "trust": msgspec.to_builtins(keep.trust),
        "revocations": [base64.b64encode(entry.body).decode() for entry in entries],
    }
    envelope = Envelope(encode(document), PAYLOAD_TYPE, {})
    envelope.sign(keep.key.signer())
    return encode(envelope.to_dict()) + b"\n"


def import_signed(keep: Keep, data: bytes, sender: PublicKey | None = None) -> Imported:
    """Take over another keep's trust map.

    Args:
        keep: who takes it over.
        data: what ``export_signed`` wrote.
        sender: whose signature it must bear; without, any signer trusted here for
            revocations will do.

    Raises:
        EvidenceError: not an export, or not signed by the sender.
        UsageError: a log is known here with another key.
    """
    document = _opened(keep, data, sender)
    try:
        theirs = parse_trust_map(json.dumps(document["trust"]).encode(), "the export")
        bodies = [base64.b64decode(item, validate=True) for item in document["revocations"]]
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise EvidenceError(f"the export cannot be read: {error!r}") from error
    before = keep.trust
    merged = keep.change_trust(lambda known: _merged(known, theirs, bodies))
    keep.file(_signed_by(bodies, merged))
    return _difference(before, merged)


def _merged(known: TrustMap, theirs: TrustMap, bodies: list[bytes]) -> TrustMap:
    merged = known.merged(theirs)
    for body in bodies:
        found = read_revocation(body, theirs, None)
        if found is not None:
            merged = merged.ending(*found)
    return merged


def _opened(keep: Keep, data: bytes, sender: PublicKey | None) -> dict[str, Any]:
    envelope = parse_envelope(data)
    grant = by_key(REVOCATION).uri
    now = keep.clock()
    known = [s.key for s in keep.trust.signers if keep.trust.allows(s.keyid, grant, now)]
    keys = [sender] if sender is not None else known
    named: list[Key] = [key.verifier() for key in keys if key.keyid in envelope.signatures]
    if envelope.payload_type != PAYLOAD_TYPE:
        raise EvidenceError(f"not an export of a trust map: {envelope.payload_type!r}")
    if not named:
        raise EvidenceError(
            "the export is signed by nobody trusted for it",
            "Give the sender's public key: modelkeep trust import FILE --key KEY.pub",
        )
    try:
        envelope.verify(named, 1)
        document = json.loads(envelope.payload)
    except (VerificationError, ValueError) as error:
        raise EvidenceError(f"the export does not hold: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise EvidenceError("not an export of a trust map")
    return document


def _signed_by(bodies: list[bytes], trust: TrustMap) -> list[bytes]:
    """Envelopes by signers the map knows; others would make the log unreadable."""
    known = {signer.keyid for signer in trust.signers}
    return [body for body in bodies if known & parse_envelope(body).signatures.keys()]


def _difference(before: TrustMap, after: TrustMap) -> Imported:
    old = {signer.keyid: signer for signer in before.signers}
    return Imported(
        tuple(signer.name for signer in after.signers if signer.keyid not in old),
        tuple(
            signer.name
            for signer in after.signers
            if signer.ended is not None
            and (signer.keyid not in old or old[signer.keyid].ended != signer.ended)
        ),
    )
