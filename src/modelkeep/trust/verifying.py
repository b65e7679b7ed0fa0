"""Is the artifact what a trusted signer signed? The answer has five shapes, all named."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from cryptography import x509
from securesystemslib.exceptions import UnverifiedSignatureError
from securesystemslib.signer import Signature

from modelkeep.core import (
    Confidence,
    EvidenceError,
    Finding,
    InputError,
    Location,
    Rule,
    Severity,
)
from modelkeep.evidence import PublicKey, TrustMap
from modelkeep.sources import Artifact, Manifest
from modelkeep.trust.certificates import leaf_key, verify_chain
from modelkeep.trust.manifest import Difference, compare, digests_by_name
from modelkeep.trust.model_signature import ModelSignature, key_hint, read_bundle

TAMPERED: Final = Rule(
    id="SIG001",
    name="changed-after-signing",
    summary="The artifact is not what was signed, or its signature does not verify.",
    remedy="Fetch the artifact again from its publisher, or sign it again if you changed it: "
    "modelkeep sign MODEL",
    topic="artifact.swapped_at_load",
    tags=("CWE-345", "CWE-494"),
)
UNSIGNED: Final = Rule(
    id="SIG002",
    name="not-signed",
    summary="Nobody has signed the artifact.",
    remedy="modelkeep sign MODEL",
    topic="artifact.unsigned",
    tags=("CWE-353",),
)
UNTRUSTED: Final = Rule(
    id="SIG003",
    name="signer-not-trusted",
    summary="The signature is by a key that the trust map does not allow to sign models.",
    remedy="If you trust them: modelkeep trust add NAME KEY.pub --predicate model-signature",
    topic="artifact.unsigned",
    tags=("CWE-346",),
)
_GRANT: Final = "model-signature"
RULES: Final = (TAMPERED, UNSIGNED, UNTRUSTED)


class State(enum.Enum):
    """What verifying found."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    UNSIGNED = "unsigned"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """The outcome.

    Attributes:
        state: one of four.
        signer: name in the trust map or certificate subject, if known.
        difference: files that are not as signed.
        reason: one sentence.
    """

    state: State
    reason: str
    signer: str = ""
    difference: Difference = field(default_factory=Difference)

    @property
    def broken(self) -> bool:
        """Whether there is a signature and the bytes are not what it covers."""
        return self.state is State.BROKEN


def verify_signature(
    artifact: Artifact,
    manifest: Manifest,
    trust: TrustMap,
    *,
    now: dt.datetime,
    roots: tuple[x509.Certificate, ...] = (),
) -> SignatureCheck:
    """Verify an artifact against its signature file.

    Args:
        artifact: what is verified.
        manifest: its digests.
        trust: keys that may sign models.
        now: the moment at which certificates must be in force.
        roots: certificate authorities whose leaves may sign models.
    """
    if not artifact.signature.exists():
        return SignatureCheck(State.UNSIGNED, f"no signature at {artifact.signature.name}")
    try:
        signature = read_bundle(artifact.signature)
        signer = _signer(signature, trust, roots, now)
    except (EvidenceError, InputError) as error:
        return SignatureCheck(State.BROKEN, error.message)
    expected = dict(signature.files)
    if not artifact.is_directory and set(expected) == {"."}:
        expected = {artifact.display(""): expected["."]}
    difference = compare(expected, digests_by_name(artifact, manifest))
    if difference:
        return SignatureCheck(State.BROKEN, difference.sentences()[0], signer or "", difference)
    if signer is None:
        return SignatureCheck(State.UNTRUSTED, "signed by a key the trust map does not allow")
    return SignatureCheck(State.TRUSTED, f"signed by {signer}", signer)


def _signer(
    signature: ModelSignature,
    trust: TrustMap,
    roots: tuple[x509.Certificate, ...],
    now: dt.datetime,
) -> str | None:
    """Name of the trusted signer, ``None`` if the key is not known.

    Raises:
        EvidenceError: the signature does not verify, or the chain does not hold.
    """
    if signature.chain:
        name = verify_chain(signature.chain, roots, now) if roots else None
        _require_valid(signature, leaf_key(signature.chain))
        return name
    for known in trust.signers:
        key = known.key
        if signature.hint and signature.hint != key_hint(key):
            continue
        if _GRANT not in known.predicates:
            continue
        if not signature.hint and not _is_valid(signature, key):
            continue
        _require_valid(signature, key)
        return known.name
    return None


def _is_valid(signature: ModelSignature, key: PublicKey) -> bool:
    signed = signature.envelope.pae()
    for found in signature.envelope.signatures.values():
        try:
            key.verifier().verify_signature(Signature(key.keyid, found.signature), signed)
        except UnverifiedSignatureError:
            continue
        return True
    return False


def _require_valid(signature: ModelSignature, key: PublicKey) -> None:
    if not _is_valid(signature, key):
        raise EvidenceError("the signature does not verify with the key it names")


def findings(artifact: Artifact, check: SignatureCheck) -> Iterator[Finding]:
    """What a signature check has to say, as findings."""
    place = Location(artifact.signature.name)
    if check.state is State.UNSIGNED:
        yield Finding(UNSIGNED, Severity.MEDIUM, Confidence.HIGH, check.reason, place)
    elif check.state is State.UNTRUSTED:
        yield Finding(UNTRUSTED, Severity.MEDIUM, Confidence.HIGH, check.reason, place)
    elif check.state is State.BROKEN and not check.difference:
        yield Finding(TAMPERED, Severity.CRITICAL, Confidence.HIGH, check.reason, place)
    for name, sentence in check.difference.by_name():
        yield Finding(
            TAMPERED,
            Severity.CRITICAL,
            Confidence.HIGH,
            sentence,
            Location(name),
            {"file": name},
        )
