"""``modelkeep trust``: how another signer's key reaches this keep, and this one's leaves it."""

from __future__ import annotations

from pathlib import Path

from modelkeep.core import InputError
from modelkeep.core.settings import Value
from modelkeep.evidence import TABLE, PublicKey, Signer, TrustMap
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
    try:
        pem = Path(key).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{key}: cannot be read as a public key ({error})") from error
    with open_workspace(flags) as workspace:
        granted = predicates or tuple(row.key for row in TABLE)
        trust = workspace.keep.trust.with_signer(name, PublicKey.from_pem(pem), granted)
        workspace.keep.save_trust(trust)
        return trust.signers[-1]


def remove_trust(name: str, **flags: Value | None) -> None:
    """Stop trusting a signer; evidence only they signed no longer counts.

    Raises:
        UsageError: no signer has that name.
    """
    with open_workspace(flags) as workspace:
        workspace.keep.save_trust(workspace.keep.trust.without_signer(name))
