"""``modelkeep trust``: how another signer's key reaches this keep, and this one's leaves it."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import InputError
from modelkeep.core.settings import Value
from modelkeep.evidence import (
    TABLE,
    Imported,
    PublicKey,
    Signer,
    SigningKey,
    TrustMap,
    export_signed,
    import_signed,
    parse_timestamp,
    revoke_key,
    rotate_key,
)
from modelkeep.pipeline.workspace import open_workspace


def list_trust(**flags: Value | None) -> tuple[Signer, ...]:
    """Signers this keep trusts."""
    with open_workspace(flags) as workspace:
        return workspace.keep.trust.signers


def export_trust(**flags: Value | None) -> TrustMap:
    """The trust map, for others to verify this keep's evidence with."""
    with open_workspace(flags) as workspace:
        return workspace.keep.trust


def add_trust(
    name: str, key: str | Path, predicates: tuple[str, ...], **flags: Value | None
) -> Signer:
    """Trust a public key for some predicates; all of them when none is named.

    Raises:
        InputError: the key cannot be read.
        UsageError: the name is taken.
        EvidenceError: an unknown predicate.
    """
    public = read_public(key)
    with open_workspace(flags) as workspace:
        granted = predicates or tuple(row.key for row in TABLE)
        trust = workspace.keep.change_trust(
            lambda known: known.with_signer(name, public, granted)
        )
        return trust.signer(name)


def remove_trust(name: str, **flags: Value | None) -> None:
    """Stop trusting a signer; evidence only they signed no longer counts.

    Raises:
        UsageError: no signer has that name.
    """
    with open_workspace(flags) as workspace:
        workspace.keep.change_trust(lambda known: known.without_signer(name))


def rotate_trust(kind: str = "p256", **flags: Value | None) -> Signer:
    """Replace this keep's signing key; what the old one signed so far still counts.

    Args:
        kind: ``p256`` or ``ed25519``.
        flags: settings, such as ``keep="..."``.
    """
    with open_workspace(flags) as workspace:
        return rotate_key(workspace.keep, kind)


def revoke_trust(
    name: str,
    *,
    reason: str,
    since: str = "",
    key: str | Path | None = None,
    **flags: Value | None,
) -> Signer:
    """Revoke a signer's key; what it signed before the compromise still counts.

    Args:
        name: the signer.
        reason: why, for people.
        since: when the key was lost, ``2026-11-24T12:00:00Z``; now when left out.
        key: private key of whoever says so, in PEM; the keep's own when left out.
        flags: settings, such as ``keep="..."``.

    Raises:
        UsageError: no such signer, or nobody whom the trust map lets revoke says so.
        EvidenceError: ``since`` is not a time.
    """
    speaker = SigningKey.load(Path(key)) if key is not None else None
    with open_workspace(flags) as workspace:
        now = workspace.keep.clock().replace(microsecond=0)
        moment = parse_timestamp(since) if since else now
        return revoke_key(workspace.keep, name, since=moment, reason=reason, key=speaker)


def export_signed_trust(**flags: Value | None) -> bytes:
    """The trust map and all revocations in one signed file, for another keep to import."""
    with open_workspace(flags) as workspace:
        return export_signed(workspace.keep)


def import_trust(
    path: str | Path, *, key: str | Path | None = None, **flags: Value | None
) -> Imported:
    """Take over signers, logs and revocations that another keep exported.

    Args:
        path: what ``trust export --signed`` wrote.
        key: the sender's public key in PEM; without, a signer trusted here for
            revocations must have signed it.
        flags: settings, such as ``keep="..."``.

    Raises:
        InputError: a file cannot be read.
        EvidenceError: the export does not hold, or nobody trusted signed it.
    """
    sender = read_public(key) if key is not None else None
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error
    with open_workspace(flags, make=True) as workspace:
        return import_signed(workspace.keep, data, sender)


def read_public(path: str | Path) -> PublicKey:
    """Read a public key file.

    Raises:
        InputError: it cannot be read, or is another kind of key.
    """
    try:
        return PublicKey.from_pem(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as a public key ({error})") from error
