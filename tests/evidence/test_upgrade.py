"""Upgrading: what an old keep's key may assert, by a signed entry, once."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from evidence_samples import new_keep, noon, statement
from modelkeep.core import EvidenceError, UsageError
from modelkeep.evidence import (
    Keep,
    audit_log,
    by_key,
    open_keep,
    parse_envelope,
    parse_statement,
    upgrade_keep,
)
from modelkeep.evidence.keep import Keep as KeepType

NEWER = ("stage", "hold", "upgrade")


def old_keep(folder: Path) -> Keep:
    keep = new_keep(folder)
    (own,) = keep.trust.signers
    narrow = tuple(name for name in own.predicates if name not in NEWER)
    signer = msgspec.structs.replace(own, predicates=narrow)
    keep.save_trust(msgspec.structs.replace(keep.trust, signers=(signer,)))
    return keep


def test_old_keep_names_the_remedy_and_the_remedy_is_an_entry_and_done_once(
    tmp_path: Path,
) -> None:
    with old_keep(tmp_path) as keep:
        with pytest.raises(EvidenceError, match="may not assert hold: the keep is older") as no:
            keep.record([statement("hold")])
        assert no.value.hint == "Upgrade it: modelkeep init --upgrade"
        assert keep.store.size() == 0
        assert sorted(upgrade_keep(keep)) == sorted(NEWER)
        (entry,) = keep.store.entries_of(by_key("upgrade").uri)
        made = parse_statement(parse_envelope(entry.body).payload).predicate
        assert sorted(made["granted"]) == sorted(NEWER)
        assert upgrade_keep(keep) == ()
        assert keep.store.size() == 1
        keep.record([statement("hold")])
    with open_keep(tmp_path / ".modelkeep", clock=noon) as again:
        assert upgrade_keep(again) == ()
        assert audit_log(again) == []


def test_death_between_entry_and_grant_leaves_the_old_grants_and_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old_keep(tmp_path).close()
    child = os.fork()
    if not child:
        with open_keep(tmp_path / ".modelkeep", clock=noon) as keep:
            monkeypatch.setattr(KeepType, "save_trust", lambda *_: os._exit(9))
            upgrade_keep(keep)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    with open_keep(tmp_path / ".modelkeep", clock=noon) as keep:
        with pytest.raises(EvidenceError, match="may not assert hold"):
            keep.record([statement("hold")])
        assert sorted(upgrade_keep(keep)) == sorted(NEWER)
        assert audit_log(keep) == []


def test_keep_that_does_not_trust_its_own_key_is_not_upgraded(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        keep.save_trust(keep.trust.without_signer("keep"))
        with pytest.raises(UsageError, match="does not trust its own key"):
            upgrade_keep(keep)
