"""A trust map on its way to another machine: whole, signed, and never a way back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evidence_samples import DAY, NOON, new_keep
from modelkeep.core import EvidenceError
from modelkeep.evidence import (
    Keep,
    SigningKey,
    export_signed,
    import_signed,
    open_keep,
    revoke_key,
)

CI = SigningKey.generate()


@pytest.fixture
def keeps(tmp_path: Path) -> tuple[Keep, Keep]:
    """The keep of the CI, which trusts ``ci`` beside itself, and that of the cluster."""
    (tmp_path / "here").mkdir()
    (tmp_path / "there").mkdir()
    sender, receiver = new_keep(tmp_path / "here"), new_keep(tmp_path / "there")
    sender.change_trust(lambda known: known.with_signer("ci", CI.public, ("scan",)))
    return sender, receiver


def test_signers_logs_and_revocations_arrive_and_stay(keeps: tuple[Keep, Keep]) -> None:
    sender, receiver = keeps
    revoke_key(sender, "ci", since=NOON - DAY, reason="lost")
    changed = import_signed(receiver, export_signed(sender), sender.key.public)
    theirs = f"keep-{sender.key.public.keyid[:8]}"
    assert changed.added == (theirs, "ci")
    assert changed.ended == ("ci",)
    assert {log.origin for log in receiver.trust.logs} == {sender.origin, receiver.origin}
    again = open_keep(receiver.root)
    assert again.trust.signer("ci").ended == sender.trust.signer("ci").ended
    assert again.store.size() == 1  # the revocation, byte for byte
    assert again.store.entries()[0].body == sender.store.entries()[0].body
    assert import_signed(again, export_signed(sender)).added == ()
    assert again.store.size() == 1


def test_old_export_brings_no_ended_key_back(keeps: tuple[Keep, Keep]) -> None:
    sender, receiver = keeps
    old = export_signed(sender)
    revoke_key(sender, "ci", since=NOON - DAY, reason="lost")
    import_signed(receiver, export_signed(sender), sender.key.public)
    import_signed(receiver, old)
    assert receiver.trust.signer("ci").ended is not None


def test_grants_of_a_known_signer_are_not_widened(keeps: tuple[Keep, Keep]) -> None:
    sender, receiver = keeps
    receiver.change_trust(lambda known: known.with_signer("builder", CI.public, ("bom",)))
    import_signed(receiver, export_signed(sender), sender.key.public)
    assert receiver.trust.signer("builder").predicates == ("bom",)
    assert "ci" not in {signer.name for signer in receiver.trust.signers}


def test_export_of_a_stranger_or_changed_on_the_way_is_refused(
    keeps: tuple[Keep, Keep],
) -> None:
    sender, receiver = keeps
    data = export_signed(sender)
    before = receiver.trust
    with pytest.raises(EvidenceError, match="nobody trusted"):
        import_signed(receiver, data)
    with pytest.raises(EvidenceError, match="nobody trusted"):
        import_signed(receiver, data, CI.public)
    envelope = json.loads(data)
    envelope["payload"] = envelope["payload"][:-8] + "AAAAAAA="
    with pytest.raises(EvidenceError, match="does not hold"):
        import_signed(receiver, json.dumps(envelope).encode(), sender.key.public)
    for junk in (b"", b"[]", b"{}", b"\xff", b'{"payload": 1}'):
        with pytest.raises(EvidenceError):
            import_signed(receiver, junk, sender.key.public)
    assert receiver.trust == before


def test_statement_is_no_export(keeps: tuple[Keep, Keep]) -> None:
    sender, receiver = keeps
    revoke_key(sender, "ci", since=NOON - DAY, reason="lost")
    with pytest.raises(EvidenceError, match="not an export"):
        import_signed(receiver, sender.store.entries()[0].body, sender.key.public)
