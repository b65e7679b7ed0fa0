"""``modelkeep sign`` and ``modelkeep verify``."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Final

from modelkeep.core import (
    Confidence,
    EvidenceError,
    Finding,
    Location,
    NotChecked,
    Severity,
    Subject,
    Verdict,
)
from modelkeep.core.settings import Value
from modelkeep.core.version import VERSION
from modelkeep.evidence import (
    Place,
    SigningKey,
    Statement,
    by_key,
    make_statement,
    parse_statement,
    timestamp,
    verify_envelope,
)
from modelkeep.pipeline.accessing import require_access
from modelkeep.pipeline.artifacts import digest_model, size_of, used_rules
from modelkeep.pipeline.listening import Listener
from modelkeep.pipeline.workspace import Workspace, open_workspace
from modelkeep.report import Report, ReportedFile, ReportedFinding, ReportedReceipt
from modelkeep.sources import Artifact, Hashing, Manifest, digest_artifact, open_artifact
from modelkeep.trust import (
    RULES,
    Difference,
    SignatureCheck,
    State,
    Terms,
    compare,
    digests_by_name,
    findings,
    load_certificates,
    read_published,
    sign_artifact,
    verify_signature,
)

_BY: Final = "MODELKEEP_SIGNED_BY_"  # a property, with the id of the key behind it


def sign(
    model: str | Path,
    *,
    key: str | Path | None = None,
    certificates: str | Path | None = None,
    listener: Listener | None = None,
    **flags: Value | None,
) -> Path:
    """Sign a file or directory; returns the signature's path.

    Args:
        model: what to sign.
        key: private key in PEM; the keep's own when left out.
        certificates: certificate chain of the key in PEM, leaf first.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the model, key or certificates cannot be used.
        AccessRefusedError: roles were given, and none lets the signer sign this.
    """
    heard = listener or Listener()
    with open_workspace(flags, heard, make=True) as workspace:
        signing = SigningKey.load(Path(key)) if key is not None else workspace.keep.key
        chain = load_certificates(Path(certificates)) if certificates is not None else ()
        artifact = open_artifact(model)
        heard.reads("hashing")
        progress = heard.counting(size_of(artifact))
        manifest = digest_artifact(artifact, progress, Hashing.INTEROP)
        subject = Subject("model", artifact.name, manifest.digest)
        require_access(workspace, "sign", subject, signing)
        return sign_artifact(artifact, manifest, signing, chain=chain)


def verify(
    model: str | Path,
    *,
    checksums: str | Path | None = None,
    roots: str | Path | None = None,
    strict: bool = False,
    ignore: tuple[str, ...] = (),
    listener: Listener | None = None,
    **flags: Value | None,
) -> Report:
    """Verify a model's signature, and its published checksums if given.

    Passes if a trusted signer signed exactly these bytes; with ``checksums``, if
    the bytes match and no signature is broken. What was found is recorded.

    Args:
        model: what to verify.
        checksums: a ``sha256sum`` file, or a clone whose large files are pointers.
        roots: certificate authorities in PEM whose leaves may sign models.
        strict: modes and what lies in ``.git`` count as well.
        ignore: globs of files that are not compared with what was signed.
        listener: who hears how far it got.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: the model, checksums or roots cannot be read.
    """
    heard = listener or Listener()
    with open_workspace(flags, heard) as workspace:
        artifact, manifest, subject = digest_model(model, heard)
        check = check_signature(
            workspace, artifact, manifest, roots=roots, strict=strict, ignore=ignore
        )
        (receipt,) = workspace.keep.record([signature_statement(workspace, subject, check)])
        actual = digests_by_name(artifact, manifest)
        found = list(findings(artifact, check))
        passed = check.state is State.TRUSTED
        if checksums is not None:
            difference = compare(read_published(Path(checksums)), actual)
            found += _checksum_findings(difference, Path(checksums).name)
            passed = not difference and check.state is not State.BROKEN
        reported = tuple(ReportedFinding.of(finding) for finding in found)
        return Report(
            verdict=Verdict.PASS if passed else Verdict.FAIL,
            subject=subject,
            profile=workspace.keep.profile,
            created=timestamp(workspace.keep.clock()),
            files=tuple(
                ReportedFile(name, _file_verdict(name, found), "bytes") for name in actual
            ),
            findings=reported,
            not_checked=(NotChecked("contents", "verify compares bytes; scan reads them"),),
            receipts=(ReportedReceipt("signature", receipt.statement_id, receipt.leaf_index),),
            rules=used_rules(reported),
            notes=(check.reason, *check.told),
        )


def check_signature(
    workspace: Workspace,
    artifact: Artifact,
    manifest: Manifest,
    *,
    roots: str | Path | None = None,
    strict: bool = False,
    ignore: tuple[str, ...] = (),
) -> SignatureCheck:
    """Verify an artifact's signature with what the keep knows.

    Args:
        workspace: whose trust map, clock and log.
        artifact: what is verified.
        manifest: its digests.
        roots: certificate authorities in PEM whose leaves may sign models.
        strict: modes and what lies in ``.git`` count as well.
        ignore: globs of files that are not compared.
    """
    keep = workspace.keep
    terms = Terms(
        load_certificates(Path(roots)) if roots is not None else (),
        strict,
        ignore,
        _proved(workspace, manifest.digest.sha256),
    )
    return verify_signature(artifact, manifest, keep.trust, now=keep.clock(), terms=terms)


def _proved(workspace: Workspace, subject: str) -> dict[str, tuple[dt.datetime, Place]]:
    """When the log first showed, per key, that a signature by it over these bytes held."""
    keep = workspace.keep
    found: dict[str, tuple[dt.datetime, Place]] = {}
    uri = by_key("signature").uri
    for entry in keep.store.entries_of(uri, (subject,)):
        place = Place(keep.origin, entry.seq)
        try:
            payload, keyid = verify_envelope(entry.body, keep.trust.keys())
            made = parse_statement(payload)
            if made.predicate_type != uri or made.subjects[0].digest.sha256 != subject:
                continue
            if not keep.trust.allows(keyid, uri, made.issued, place):
                continue
        except EvidenceError:  # counted as broken where facts are gathered
            continue
        if made.predicate["facts"].get("signature_trusted") is True:
            for item in made.predicate["properties"]:
                found.setdefault(str(item).removeprefix(_BY), (made.issued, place))
    return found


def _checksum_findings(difference: Difference, source: str) -> list[Finding]:
    return [
        Finding(
            RULES[0],
            Severity.CRITICAL,
            Confidence.HIGH,
            sentence,
            Location(name),
            {"checksums": source},
        )
        for name, sentence in difference.by_name(f"listed in {source}")
    ]


def _file_verdict(name: str, found: list[Finding]) -> Verdict:
    hit = any(finding.location.path == name for finding in found)
    return Verdict.FAIL if hit else Verdict.PASS


def signature_statement(
    workspace: Workspace, subject: Subject, check: SignatureCheck
) -> Statement:
    """The outcome of a signature check as a simple verification result."""
    present = check.state is not State.UNSIGNED
    properties = [f"MODELKEEP_SIGNATURE_{check.state.name}"]
    properties += [f"{_BY}{check.keyid}"] if check.keyid else []
    fields = {
        "facts": {
            "signature_present": present,
            "signature_trusted": check.state is State.TRUSTED,
            "signature_broken": check.state is State.BROKEN,
        },
        "verifier": {"id": f"urn:modelkeep:{VERSION}"},
        "timeCreated": timestamp(workspace.keep.clock()),
        "properties": properties,
    }
    return make_statement("signature", (subject,), fields, clock=workspace.keep.clock)
