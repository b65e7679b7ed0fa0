"""Is the artifact what a trusted signer signed? The answer has five shapes, all named."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
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
from modelkeep.core.globs import matches
from modelkeep.evidence import Place, PublicKey, Signer, TrustMap
from modelkeep.sources import Artifact, Manifest
from modelkeep.trust.certificates import leaf_key, verify_chain
from modelkeep.trust.file_marks import Mark, compare_marks, read_marks
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
        told: differences that do not count unless asked for, and what was ignored.
        keyid: id of the key that signed, if it is known.
    """

    state: State
    reason: str
    signer: str = ""
    difference: Difference = field(default_factory=Difference)
    told: tuple[str, ...] = ()
    keyid: str = ""

    @property
    def broken(self) -> bool:
        """Whether there is a signature and the bytes are not what it covers."""
        return self.state is State.BROKEN


@dataclass(frozen=True, slots=True)
class Terms:
    """What the verifier asks for.

    Attributes:
        roots: certificate authorities whose leaves may sign models.
        strict: modes and what lies in ``.git`` count as well.
        ignore: globs of files that are not compared, each told.
        proved: by key id, when the log proved at the earliest that these bytes bore a
            signature by that key: for a key that ended since, the signature itself cannot
            say when it was made.
    """

    roots: tuple[x509.Certificate, ...] = ()
    strict: bool = False
    ignore: tuple[str, ...] = ()
    proved: Mapping[str, tuple[dt.datetime, Place]] = field(default_factory=dict)


def verify_signature(
    artifact: Artifact,
    manifest: Manifest,
    trust: TrustMap,
    *,
    now: dt.datetime,
    terms: Terms | None = None,
) -> SignatureCheck:
    """Verify an artifact against its signature file.

    Content, names and types of files always count. Modes and what lies in ``.git`` do not
    survive honest copies; a difference is told and counts under ``strict``.

    Args:
        artifact: what is verified.
        manifest: its digests.
        trust: keys that may sign models.
        now: the moment at which certificates must be in force.
        terms: what else the verifier asks for.
    """
    asked = terms or Terms()
    if not artifact.signature.exists():
        return SignatureCheck(State.UNSIGNED, f"no signature at {artifact.signature.name}")
    try:
        signature = read_bundle(artifact.signature)
        signer = _signer(signature, trust, asked.roots, now)
    except (EvidenceError, InputError) as error:
        return SignatureCheck(State.BROKEN, error.message)
    difference, told = _compare(signature, artifact, manifest, asked)
    name = signer.name if signer is not None else ""
    keyid = signer.keyid if signer is not None else ""
    if difference:
        reason = difference.sentences()[0]
        return SignatureCheck(State.BROKEN, reason, name, difference, told, keyid)
    if signer is None:
        reason = "signed by a key the trust map does not allow"
        return SignatureCheck(State.UNTRUSTED, reason, told=told)
    if signer.ended is not None and not signer.ended.covers(
        *asked.proved.get(signer.keyid, (None, None))
    ):
        reason = (
            f"the key of {name} does not count from {signer.ended.since} on "
            f"({signer.ended.reason}), and nothing shows that it signed before"
        )
        return SignatureCheck(State.UNTRUSTED, reason, name, told=told, keyid=keyid)
    return SignatureCheck(State.TRUSTED, f"signed by {name}", name, told=told, keyid=keyid)


def _compare(
    signature: ModelSignature, artifact: Artifact, manifest: Manifest, asked: Terms
) -> tuple[Difference, tuple[str, ...]]:
    """What counts, and sentences about what does not."""
    expected, signed = dict(signature.files), dict(signature.marks)
    actual = digests_by_name(artifact, manifest)
    marks = {
        artifact.display("" if n == "." else n): m for n, m in read_marks(artifact).items()
    }
    if not artifact.is_directory and set(expected) == {"."}:
        alone = artifact.display("")
        expected = {alone: expected["."]}
        signed = {alone: signed["."]} if "." in signed else {}
    if not signed and not signature.links:  # signed by a tool that takes no links
        signed = dict.fromkeys(expected, Mark("file", ""))
    found = compare_marks(signed, marks)
    whole = compare(expected, actual)
    modes = replace(whole, marked=found.types + (found.modes if asked.strict else ()))
    kept, ignored = modes.split(lambda name: _any_matches(asked.ignore, name))
    told = [f"{sentence} (ignored as asked)" for sentence in ignored.sentences()]
    if not asked.strict:
        kept, spared = kept.split(_is_git)
        told += [f"{sentence} (counts under --strict)" for sentence in spared.sentences()]
        told += [f"{sentence} (counts under --strict)" for _, sentence in found.modes]
    return kept, tuple(told)


def _any_matches(patterns: tuple[str, ...], name: str) -> bool:
    return any(matches(pattern, name) for pattern in patterns)


def _is_git(name: str) -> bool:
    return ".git" in name.split("/")[:-1]


def _signer(
    signature: ModelSignature,
    trust: TrustMap,
    roots: tuple[x509.Certificate, ...],
    now: dt.datetime,
) -> Signer | None:
    """The trusted signer, ``None`` if the key is not known.

    A certificate's leaf whose key the trust map ends stays ended.

    Raises:
        EvidenceError: the signature does not verify, or the chain does not hold.
    """
    if signature.chain:
        key = leaf_key(signature.chain)
        name = verify_chain(signature.chain, roots, now) if roots else None
        _require_valid(signature, key)
        if name is None:
            return None
        ended = next((s.ended for s in trust.signers if s.keyid == key.keyid), None)
        return Signer(name, key.keyid, key.pem, (_GRANT,), ended)
    for known in trust.signers:
        key = known.key
        if signature.hint and signature.hint != key_hint(key):
            continue
        if _GRANT not in known.predicates:
            continue
        if not signature.hint and not _is_valid(signature, key):
            continue
        _require_valid(signature, key)
        return known
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
