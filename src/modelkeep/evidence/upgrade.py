"""A keep that is older than some predicates learns to believe its own key about them.

The trust map of a keep lists what its key may assert, and new kinds of statements are not
on an old list. Upgrading adds them by a signed entry that says what was granted. The entry
comes first: a crash between the two leaves the old grants, and running again goes on.
"""

from __future__ import annotations

import msgspec

from modelkeep.core import Digest, Subject, UsageError
from modelkeep.core.version import VERSION
from modelkeep.evidence.keep import Keep, entry_of
from modelkeep.evidence.predicates import TABLE
from modelkeep.evidence.statement import make_statement, seal
from modelkeep.evidence.trust_map import Signer, TrustMap, load_trust_map


def upgrade_keep(keep: Keep) -> tuple[str, ...]:
    """Let the keep's own key assert every predicate there is; returns what is new.

    Nothing is written where nothing is missing.

    Raises:
        UsageError: the trust map does not know the keep's own key, or it ended.
    """
    found = load_trust_map(keep.root / "trust.json")  # as it stands now, not as it was opened
    signer = _own(keep, found)
    missing = tuple(row.key for row in TABLE if row.key not in signer.predicates)
    if not missing:
        return ()
    fields = {"facts": {}, "tool": f"modelkeep {VERSION}", "granted": list(missing)}
    about = Subject("key", "keep", Digest(signer.keyid, ""))
    made = make_statement("upgrade", (about,), fields, clock=keep.clock)
    keep.store.append([entry_of(made, seal(made.to_bytes(), keep.key))])
    wider = msgspec.structs.replace(signer, predicates=(*signer.predicates, *missing))
    signers = tuple(wider if one is signer else one for one in found.signers)
    keep.save_trust(TrustMap(found.version, signers, found.logs))
    return missing


def _own(keep: Keep, trust: TrustMap) -> Signer:
    keyid = keep.key.public.keyid
    for signer in trust.signers:
        if signer.keyid == keyid:
            if signer.ended is not None:
                break
            return signer
    raise UsageError(
        f"{keep.root}: its trust map does not trust its own key {keyid[:12]}",
        "Make a new one: modelkeep trust rotate, or trust the key again.",
    )
