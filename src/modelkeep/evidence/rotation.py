"""Replacing the keep's signing key, and ending a key that was stolen.

Both end the old key by a signed revocation; rotation makes its successor first. A crash
between any two steps leaves a keep that signs with one key or the other: until the last
step the old private key is in its place, and running again goes on with the new one that
lies beside it.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from modelkeep.core import UsageError
from modelkeep.core.clock import timestamp
from modelkeep.evidence.keep import Keep
from modelkeep.evidence.keys import SigningKey
from modelkeep.evidence.predicates import TABLE
from modelkeep.evidence.revocation import make_revocation
from modelkeep.evidence.statement import seal
from modelkeep.evidence.trust_map import Place, Signer

_SECOND: Final = dt.timedelta(seconds=1)  # times are stated to the second


def rotate_key(keep: Keep, kind: str = "p256") -> Signer:
    """Give the keep a new signing key; what the old one signed so far still counts.

    The old private key is replaced, so that nobody can sign with it later.

    Args:
        keep: whose key; from now on it signs with the new one.
        kind: ``p256`` or ``ed25519``.

    Raises:
        InputError: the key files cannot be written.
    """
    keys = keep.root / "keys"
    draft = keys / "signing.next.pem"
    if not draft.exists():
        SigningKey.generate(kind).save(draft)
    fresh = SigningKey.load(draft)
    old = keep.key.public
    name = keep.trust.name_of(old.keyid) or "keep"
    if keep.trust.name_of(fresh.public.keyid) == "":
        every = tuple(row.key for row in TABLE)
        retired = f"{name}-{old.keyid[:8]}"
        keep.change_trust(
            lambda known: known.renamed(name, retired).with_signer(name, fresh.public, every)
        )
    keep.key = fresh
    now = keep.clock()
    for signer in keep.trust.signers:
        if signer.keyid == old.keyid and signer.ended is None:
            place = Place(keep.origin, keep.store.size())
            _end(keep, signer, now.replace(microsecond=0) + _SECOND, "rotated", place)
    (keys / "signing.pub").write_text(fresh.public.pem, encoding="utf-8")
    draft.replace(keys / "signing.pem")
    return keep.trust.signer(keep.trust.name_of(fresh.public.keyid))


def revoke_key(
    keep: Keep,
    name: str,
    *,
    since: dt.datetime,
    reason: str,
    key: SigningKey | None = None,
) -> Signer:
    """End a signer's key from a moment of compromise on.

    Args:
        keep: where the revocation is recorded.
        name: the signer in the trust map.
        since: when the key was lost; nothing it signed from then on counts.
        reason: why, for people.
        key: who says so; the keep's own when left out.

    Raises:
        UsageError: no such signer, no reason, a moment to come, the keep's own key (which
            is replaced first), or a signer who may not say so.
    """
    signer = keep.trust.signer(name)
    speaker = key or keep.key
    if not reason.strip():
        raise UsageError("a revocation needs a reason", "Say it with --reason.")
    if since > keep.clock():
        raise UsageError("a key cannot have been lost in the future", "Give another --since.")
    if signer.keyid == speaker.public.keyid:
        raise UsageError(
            f"{name!r} is the key that would sign its own revocation",
            "Run `modelkeep trust rotate` first, then revoke the old key.",
        )
    place = Place(keep.origin, keep.store.size_at(timestamp(since)))
    _end(keep, signer, since, reason, place, speaker)
    ended = keep.trust.signer(name)
    if ended.ended is None:
        raise UsageError(
            f"{speaker.public.keyid[:12]} may not revoke keys",
            "Let it: modelkeep trust add NAME KEY.pub --predicate revocation",
        )
    return ended


def _end(
    keep: Keep,
    signer: Signer,
    since: dt.datetime,
    reason: str,
    place: Place,
    speaker: SigningKey | None = None,
) -> None:
    statement = make_revocation(signer, since, reason, place, keep.clock)
    keep.file([seal(statement.to_bytes(), speaker or keep.key)])
    keep.change_trust(lambda known: known)  # with what the log revokes now
