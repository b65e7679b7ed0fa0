"""Keys that end: what they signed before counts, and nothing they sign after."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence_samples import DAY, NOON, model, new_keep, statement, tamper
from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.evidence import (
    Ending,
    Facts,
    Keep,
    Place,
    SigningKey,
    TrustMap,
    gather_facts,
    load_trust_map,
    make_statement,
    open_keep,
    revoke_key,
    rotate_key,
    seal,
)
from modelkeep.evidence.trust_map import save_trust_map

CI = SigningKey.generate()


def keep_with_ci(folder: Path) -> Keep:
    keep = new_keep(folder)
    keep.change_trust(
        lambda known: known.with_signer("ci", CI.public, ("scan", "bom", "revocation"))
    )
    return keep


def scan_at(moment: dt.datetime, critical: int, key: SigningKey = CI) -> bytes:
    fields = {
        "facts": {"scan_critical": critical},
        "tool": "t",
        "rules": [],
        "files": [],
    }
    made = make_statement("scan", (model(),), fields, clock=lambda: moment)
    return seal(made.to_bytes(), key)


def facts(keep: Keep, now: dt.datetime) -> Facts:
    subject = model().digest.sha256
    entries = keep.store.entries(subject)
    places = [Place(keep.origin, entry.seq) for entry in entries]
    return gather_facts([e.body for e in entries], subject, keep.trust, now, places)


def test_rotated_key_counts_for_what_it_signed_and_the_new_one_signs(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        keep.record([statement(scan_critical=0)])
        old = keep.key.public
        signer = rotate_key(keep)
        assert signer.keyid == keep.key.public.keyid != old.keyid
        later = NOON + DAY
        assert facts(keep, later).values == {"scan_critical": 0}
        root = keep.root
    assert SigningKey.load(root / "keys" / "signing.pem").public.keyid == signer.keyid
    assert not (root / "keys" / "signing.next.pem").exists()
    assert (root / "keys" / "signing.pub").read_text() == signer.public_key
    with open_keep(root, clock=lambda: NOON + DAY) as keep:
        assert keep.key.public.keyid == signer.keyid
        assert [s.name for s in keep.trust.signers] == [f"keep-{old.keyid[:8]}", "keep"]
        keep.record([statement("bom")])
        assert "bom_components" in facts(keep, NOON + 2 * DAY).values


@pytest.mark.parametrize("step", ["trusted", "revoked"])
def test_rotation_that_died_half_way_is_finished_by_the_next_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with new_keep(tmp_path) as keep:
        old, root = keep.key.public.keyid, keep.root
        target = "_end" if step == "trusted" else "SigningKey.load"
        with monkeypatch.context() as patch:
            if step == "trusted":
                patch.setattr(f"modelkeep.evidence.rotation.{target}", _die)
            else:
                patch.setattr(Path, "replace", _die)
            with pytest.raises((OSError, InputError), match="power"):
                rotate_key(keep)
    with open_keep(root, clock=lambda: NOON + DAY) as keep:
        assert keep.key.public.keyid == old
        signer = rotate_key(keep)
        assert signer.name == "keep"
        assert [s.ended is None for s in keep.trust.signers] == [False, True]


def _die(*_: object, **__: object) -> None:
    raise OSError("power")


def test_stolen_key_counts_until_the_compromise_whatever_time_it_states(tmp_path: Path) -> None:
    with keep_with_ci(tmp_path) as keep:
        stolen = NOON - DAY
        keep.file([scan_at(NOON - 2 * DAY, 1)])
        keep.file([scan_at(NOON - DAY / 2, 2)])
        revoke_key(keep, "ci", since=stolen, reason="laptop lost")
        assert facts(keep, NOON).values == {"scan_critical": 1}
        keep.file([scan_at(NOON - 1.5 * DAY, 3)])  # dated back
        found = facts(keep, NOON)
        assert found.values == {"scan_critical": 1}
        assert sum("no longer counted" in line for line in found.ignored) == 2


def test_map_that_was_edited_by_hand_brings_no_key_back(tmp_path: Path) -> None:
    with keep_with_ci(tmp_path) as keep:
        before = keep.trust
        revoke_key(keep, "ci", since=NOON - DAY, reason="lost")
        save_trust_map(keep.root / "trust.json", before)
        root = keep.root
    with open_keep(root) as keep:
        assert keep.trust.signer("ci").ended is not None


def test_revocation_list_that_was_edited_by_hand_opens_no_keep(tmp_path: Path) -> None:
    with keep_with_ci(tmp_path) as keep:
        revoke_key(keep, "ci", since=NOON - DAY, reason="lost")
        root = keep.root
    tamper(root, ("UPDATE entry SET body = ? WHERE seq = 0", (b"{}",)))
    with pytest.raises(EvidenceError):
        open_keep(root)


def test_only_a_signer_with_the_grant_may_revoke_and_nobody_himself(tmp_path: Path) -> None:
    stranger = SigningKey.generate()
    with keep_with_ci(tmp_path) as keep:
        keep.change_trust(lambda known: known.with_signer("lab", stranger.public, ("scan",)))
        with pytest.raises(UsageError, match="may not revoke"):
            revoke_key(keep, "ci", since=NOON, reason="spite", key=stranger)
        assert keep.trust.signer("ci").ended is None
        with pytest.raises(UsageError, match="its own revocation"):
            revoke_key(keep, "keep", since=NOON, reason="lost")
        with pytest.raises(UsageError, match="future"):
            revoke_key(keep, "ci", since=NOON + DAY, reason="lost")
        with pytest.raises(UsageError, match="reason"):
            revoke_key(keep, "ci", since=NOON, reason=" ")
        revoke_key(keep, "lab", since=NOON, reason="lost", key=CI)
        assert keep.trust.signer("lab").ended is not None


def test_stolen_key_cannot_revoke_others_after_it_was_revoked(tmp_path: Path) -> None:
    with keep_with_ci(tmp_path) as keep:
        keep.change_trust(
            lambda known: known.with_signer("lab", SigningKey.generate().public, ("scan",))
        )
        revoke_key(keep, "ci", since=NOON - DAY, reason="stolen")
        with pytest.raises(UsageError, match="may not revoke"):
            revoke_key(keep, "lab", since=NOON - 2 * DAY, reason="spite", key=CI)


def test_of_two_endings_the_stricter_stays() -> None:
    early, late = (
        Ending("2026-11-20T00:00:00Z", "a", "log", 9),
        Ending("2026-11-21T00:00:00Z", "b", "log", 5),
    )
    base = TrustMap().with_signer("ci", CI.public, ("scan",))
    for first, second in ((early, late), (late, early)):
        ended = base.ending(CI.public.keyid, first).ending(CI.public.keyid, second)
        assert ended.signer("ci").ended == Ending("2026-11-20T00:00:00Z", "a", "log", 5)


def test_ending_is_saved_with_the_map_and_absent_where_there_is_none(tmp_path: Path) -> None:
    base = TrustMap().with_signer("ci", CI.public, ("scan",))
    assert b"ended" not in base.to_json()
    ended = base.ending(CI.public.keyid, Ending("2026-11-20T00:00:00Z", "a", "log", 9))
    save_trust_map(tmp_path / "trust.json", ended)
    assert load_trust_map(tmp_path / "trust.json") == ended


@settings(max_examples=60, deadline=None)
@given(
    issued=st.integers(-5, 5),
    since=st.integers(-5, 5),
    entry=st.integers(0, 6),
    entries=st.integers(0, 6),
    same_log=st.booleans(),
)
def test_ended_key_counts_only_before_its_end_in_time_and_in_the_log(
    issued: int, since: int, entry: int, entries: int, same_log: bool
) -> None:
    end = Ending((NOON + since * DAY).strftime("%Y-%m-%dT%H:%M:%SZ"), "", "a", entries)
    place = Place("a" if same_log else "b", entry)
    expected = issued < since and (not same_log or entry < entries)
    assert end.covers(NOON + issued * DAY, place) is expected
    assert not end.covers(None, place)
