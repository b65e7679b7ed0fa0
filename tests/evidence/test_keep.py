"""The keep: made in one step, found upward, private, and refused where it is damaged."""

from __future__ import annotations

import json
import stat
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evidence_samples import NOON, fill, model, new_keep, noon, start_child, statement
from modelkeep.core import EvidenceError, InputError, ModelkeepError, UsageError
from modelkeep.evidence import (
    PROFILES,
    SigningKey,
    audit_log,
    by_key,
    create_keep,
    exists,
    find_keep,
    open_keep,
    utc_now,
)


def test_fresh_keep_holds_what_it_needs_and_trusts_its_own_key(tmp_path: Path) -> None:
    with new_keep(tmp_path, "prod") as keep:
        assert (keep.profile, keep.store.size()) == ("prod", 0)
        assert keep.key.public.keyid != ""
        assert keep.trust.allows(keep.key.public.keyid, by_key("decision").uri)
        assert [log.origin for log in keep.trust.logs] == [keep.origin]
        assert (keep.root / "keys" / "signing.pub").read_text() == keep.key.public.pem
        assert keep.clock() == NOON


def test_no_two_keeps_share_a_key_or_an_origin(tmp_path: Path) -> None:
    with new_keep(tmp_path / "a") as one, new_keep(tmp_path / "b") as two:
        assert one.key.public.keyid != two.key.public.keyid
        assert one.trust.logs != two.trust.logs
        assert one.origin != two.origin


def test_keys_are_for_their_owner_only(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        modes = {
            path.relative_to(keep.root).as_posix(): stat.S_IMODE(path.stat().st_mode)
            for path in (keep.root / "keys", *keep.root.glob("keys/*.pem"))
        }
    assert modes == {"keys": 0o700, "keys/log.pem": 0o600, "keys/signing.pem": 0o600}


def test_keep_ignores_itself_in_a_repository(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        lines = (keep.root / ".gitignore").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["*"]


def test_nothing_is_left_beside_a_fresh_keep(tmp_path: Path) -> None:
    new_keep(tmp_path).close()
    assert [path.name for path in tmp_path.iterdir()] == [".modelkeep"]


def test_keep_is_opened_again_with_its_keys_and_its_log(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        receipts = fill(keep, 3)
        public, origin = keep.key.public, keep.origin
    with open_keep(tmp_path / ".modelkeep", clock=noon) as again:
        assert (again.key.public, again.origin, again.profile) == (public, origin, "dev")
        assert [found.statement_id for found in again.store.entries()] == [
            receipt.statement_id for receipt in receipts
        ]
        assert again.record([statement()])[0].leaf_index == 3
        assert audit_log(again) == []


def test_receipt_names_the_entry_its_place_and_a_checkpoint_over_it(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        keep.record([statement()])
        receipts = keep.record([statement("bom"), statement("performance")])
        assert [receipt.leaf_index for receipt in receipts] == [1, 2]
        for receipt, kind in zip(receipts, ("bom", "performance"), strict=True):
            found = keep.store.entry(receipt.statement_id)
            assert found.seq == receipt.leaf_index
            assert found.predicate_type == by_key(kind).uri
            assert found.subject == model().digest.sha256
            assert receipt.checkpoint.splitlines()[:2] == [keep.origin, "3"]


def test_profile_may_be_overridden_for_one_run(tmp_path: Path) -> None:
    new_keep(tmp_path, "dev").close()
    root = tmp_path / ".modelkeep"
    for profile in PROFILES:
        with open_keep(root, profile=profile) as keep:
            assert keep.profile == profile
    with open_keep(root) as keep:
        assert keep.profile == "dev"


def test_keep_of_prod_is_not_opened_as_dev(tmp_path: Path) -> None:
    new_keep(tmp_path, "prod").close()
    root = tmp_path / ".modelkeep"
    with pytest.raises(UsageError, match="its profile is prod"):
        open_keep(root, profile="dev")
    for profile in ("", "prod", "report"):
        with open_keep(root, profile=profile) as keep:
            assert keep.profile == (profile or "prod")


def test_clock_is_in_utc() -> None:
    assert utc_now().utcoffset() == NOON.utcoffset()


def test_nearest_keep_upward_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "project" / "models" / "v1"
    deep.mkdir(parents=True)
    assert find_keep(deep) == deep / ".modelkeep"
    new_keep(tmp_path / "project").close()
    assert find_keep(deep) == tmp_path / "project" / ".modelkeep"
    new_keep(deep).close()
    assert find_keep(deep) == deep / ".modelkeep"
    (deep / "tests" / ".modelkeep").mkdir(parents=True)  # an empty folder is no keep
    assert find_keep(deep / "tests") == deep / ".modelkeep"


def test_keep_is_not_made_twice(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        public = keep.key.public
    with pytest.raises(InputError, match="there is a keep already"):
        new_keep(tmp_path)
    with open_keep(tmp_path / ".modelkeep") as again:
        assert again.key.public == public


def test_folder_that_is_in_the_way_is_left_alone(tmp_path: Path) -> None:
    root = tmp_path / ".modelkeep"
    root.mkdir()
    (root / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"\.modelkeep"):
        create_keep(root, "dev")
    assert [path.name for path in tmp_path.rglob("*")] == [".modelkeep", "notes.txt"]


def test_creators_at_once_agree_on_one_keep(tmp_path: Path) -> None:
    child = start_child("race_to_create", tmp_path, 5, 4)
    lines = child.communicate(timeout=60)[0].splitlines()
    assert child.returncode == 0
    outcomes = Counter(line.split(" ")[0] for line in lines)
    assert outcomes == {str(number): 4 for number in range(5)}
    for number in range(5):
        folder = tmp_path / str(number)
        assert [path.name for path in folder.iterdir()] == [".modelkeep"]
        mine = [line.split(" ", 2)[1:] for line in lines if line.startswith(f"{number} ")]
        recorded = {text for word, text in mine if word == "recorded"}
        refused = [text for word, text in mine if word == "refused"]
        assert recorded
        assert all("there is a keep already" in text for text in refused)
        with open_keep(folder / ".modelkeep") as keep:
            assert {found.statement_id for found in keep.store.entries()} == recorded
            assert audit_log(keep) == []


@pytest.mark.parametrize("profile", ["", "production", "PROD"])
def test_unknown_profile_is_refused_with_the_known_ones(profile: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown profile") as caught:
        create_keep(tmp_path / ".modelkeep", profile)
    assert "report, dev, prod" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
    new_keep(tmp_path).close()
    if profile:
        with pytest.raises(UsageError, match="unknown profile"):
            open_keep(tmp_path / ".modelkeep", profile=profile)


def test_no_keep_is_no_keep(tmp_path: Path) -> None:
    assert not exists(tmp_path / ".modelkeep")
    with pytest.raises(InputError, match="no keep here") as caught:
        open_keep(tmp_path / ".modelkeep")
    assert "modelkeep init" in caught.value.hint


@pytest.mark.parametrize(
    "settings",
    ["", "garbage", "[]", "null", '"x"', '{"profile": "dev"}', '{"origin": "x"}', "\x00"],
)
def test_damaged_settings_are_named(settings: str, tmp_path: Path) -> None:
    new_keep(tmp_path).close()
    (tmp_path / ".modelkeep" / "keep.json").write_text(settings)
    with pytest.raises(InputError, match=r"keep\.json: not a keep's settings"):
        open_keep(tmp_path / ".modelkeep")


def test_profile_that_was_changed_to_an_unknown_one_is_refused(tmp_path: Path) -> None:
    new_keep(tmp_path).close()
    path = tmp_path / ".modelkeep" / "keep.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"profile": "none"}))
    with pytest.raises(UsageError, match="'none'"):
        open_keep(tmp_path / ".modelkeep")


@pytest.mark.parametrize("name", ["keys/signing.pem", "keys/log.pem", "trust.json"])
def test_missing_or_damaged_part_is_named(name: str, tmp_path: Path) -> None:
    new_keep(tmp_path).close()
    part = tmp_path / ".modelkeep" / name
    part.write_text("garbage")
    with pytest.raises(ModelkeepError, match=part.name):
        open_keep(tmp_path / ".modelkeep")
    part.unlink()
    with pytest.raises(InputError, match=part.name):
        open_keep(tmp_path / ".modelkeep")


def test_log_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    new_keep(tmp_path).close()
    path = tmp_path / ".modelkeep" / "keys" / "log.pem"
    path.unlink()
    SigningKey.generate("p256").save(path)
    with pytest.raises(InputError, match="a log key is Ed25519"):
        open_keep(tmp_path / ".modelkeep")


def test_file_in_place_of_a_keep_is_named(tmp_path: Path) -> None:
    (tmp_path / ".modelkeep").write_text("a file")
    for attempt in (open_keep, lambda root: create_keep(root, "dev")):
        with pytest.raises(InputError, match=r"\.modelkeep"):
            attempt(tmp_path / ".modelkeep")
    assert [path.name for path in tmp_path.iterdir()] == [".modelkeep"]


def test_trust_map_is_replaced_on_disk_and_in_memory(tmp_path: Path) -> None:
    other = SigningKey.generate().public
    with new_keep(tmp_path) as keep:
        keep.change_trust(lambda known: known.with_signer("ci", other, ("scan",)))
        assert keep.trust.allows(other.keyid, by_key("scan").uri)
    with open_keep(tmp_path / ".modelkeep") as again:
        assert again.trust.allows(other.keyid, by_key("scan").uri)
        with pytest.raises(EvidenceError, match="scam"):
            again.change_trust(lambda known: known.with_signer("x", other, ("scam",)))


def test_keeps_open_at_once_lose_no_signer_and_bring_none_back(tmp_path: Path) -> None:
    new_keep(tmp_path).close()
    root = tmp_path / ".modelkeep"
    with open_keep(root, clock=noon) as keep:
        keep.change_trust(
            lambda known: known.with_signer("ci", SigningKey.generate().public, ("scan",))
        )
    with open_keep(root, clock=noon) as one, open_keep(root, clock=noon) as two:
        one.change_trust(lambda known: known.without_signer("ci"))
        two.change_trust(  # read before it was removed
            lambda known: known.with_signer("lab", SigningKey.generate().public, ("scan",))
        )
        assert [signer.name for signer in two.trust.signers] == ["keep", "lab"]

    def add(number: int) -> None:
        with open_keep(root, clock=noon) as keep:
            public = SigningKey.generate().public
            keep.change_trust(lambda known: known.with_signer(f"s{number}", public, ("scan",)))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(add, range(12)))
    with open_keep(root, clock=noon) as keep:
        names = {signer.name for signer in keep.trust.signers}
    assert names == {"keep", "lab", *(f"s{number}" for number in range(12))}


def test_change_of_trust_that_fails_changes_nothing(tmp_path: Path) -> None:
    with new_keep(tmp_path) as keep:
        before = (keep.root / "trust.json").read_bytes()
        with pytest.raises(UsageError, match="no signer named"):
            keep.change_trust(lambda known: known.without_signer("nobody"))
        (keep.root / "trust.json").write_bytes(b"{")
        with pytest.raises(EvidenceError, match=r"trust\.json: not a trust map"):
            keep.change_trust(lambda known: known)
        (keep.root / "trust.json").write_bytes(before)
        keep.change_trust(lambda known: known)  # the lock was given back
