"""The trust map: grants, ids that belong to their keys, a file replaced in one step."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from modelkeep.core import EvidenceError, InputError, ModelkeepError, UsageError
from modelkeep.evidence import MODEL_SIGNATURE, SigningKey, TrustMap, by_key, load_trust_map
from modelkeep.evidence.trust_map import Log, save_trust_map

SCANNER, TRAINER = SigningKey.generate().public, SigningKey.generate("ed25519").public
TRUST = (
    TrustMap(logs=(Log("modelkeep/1", "modelkeep/1+00000000+AQ=="),))
    .with_signer("scanner", SCANNER, ("scan", "bom"))
    .with_signer("trainer", TRAINER, ("performance", "model-signature"))
)


def test_key_may_assert_what_it_was_granted_and_nothing_else() -> None:
    assert TRUST.allows(SCANNER.keyid, by_key("scan").uri)
    assert TRUST.allows(TRAINER.keyid, MODEL_SIGNATURE)
    assert not TRUST.allows(TRAINER.keyid, by_key("scan").uri)
    assert not TRUST.allows(SCANNER.keyid, by_key("decision").uri)
    assert not TRUST.allows(SCANNER.keyid, "https://example.org/foreign/v1")
    assert not TRUST.allows(SCANNER.keyid, "scan")  # the short name is not the type
    assert not TRUST.allows("", by_key("scan").uri)


def test_key_trusted_under_two_names_has_both_grants() -> None:
    both = TRUST.with_signer("scanner-2", SCANNER, ("decision",))
    assert both.allows(SCANNER.keyid, by_key("scan").uri)
    assert both.allows(SCANNER.keyid, by_key("decision").uri)


def test_signer_that_was_removed_is_trusted_for_nothing() -> None:
    left = TRUST.without_signer("scanner")
    assert not left.allows(SCANNER.keyid, by_key("scan").uri)
    assert left.keys() == (TRAINER,)
    assert TRUST.keys() == (SCANNER, TRAINER)


def test_names_are_taken_once_and_removed_only_if_there() -> None:
    with pytest.raises(UsageError, match="'scanner'"):
        TRUST.with_signer("scanner", TRAINER, ("scan",))
    with pytest.raises(UsageError, match="'nobody'"):
        TRUST.without_signer("nobody")


def test_unknown_predicate_cannot_be_granted() -> None:
    with pytest.raises(EvidenceError, match="'scam'"):
        TRUST.with_signer("new", SCANNER, ("scam",))


def test_map_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    save_trust_map(tmp_path / "trust.json", TRUST)
    assert load_trust_map(tmp_path / "trust.json") == TRUST
    assert [path.name for path in tmp_path.iterdir()] == ["trust.json"]


def edited(tmp_path: Path, **signer: object) -> Path:
    """A map file whose first signer was edited by hand."""
    data: dict[str, Any] = json.loads(TRUST.to_json())
    data["signers"][0] |= signer
    (tmp_path / "trust.json").write_text(json.dumps(data))
    return tmp_path / "trust.json"


def test_key_id_that_is_not_the_keys_own_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="key id of 'scanner' is not that of its key"):
        load_trust_map(edited(tmp_path, keyid=TRAINER.keyid))
    with pytest.raises(EvidenceError, match="key id of 'scanner' is not that of its key"):
        load_trust_map(edited(tmp_path, public_key=TRAINER.pem))


def test_unknown_predicate_in_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="'scam'"):
        load_trust_map(edited(tmp_path, predicates=["scan", "scam"]))


@pytest.mark.parametrize(
    "signer", [{"public_key": "no key"}, {"predicates": "scan"}, {"keyid": None}, {"name": 5}]
)
def test_signer_of_another_shape_is_refused(signer: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(ModelkeepError):
        load_trust_map(edited(tmp_path, **signer))


@pytest.mark.parametrize("text", ["", "[]", "null", "\x00", '{"version": "1"}', "[" * 100_000])
def test_garbage_is_no_trust_map(text: str, tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text(text)
    with pytest.raises(EvidenceError, match="not a trust map"):
        load_trust_map(tmp_path / "trust.json")


def test_map_of_a_later_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_text('{"version": 2}')
    with pytest.raises(EvidenceError, match="version 2"):
        load_trust_map(tmp_path / "trust.json")


def test_missing_map_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"trust\.json"):
        load_trust_map(tmp_path / "trust.json")


def test_reader_never_sees_half_a_map(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    long = TRUST
    for number in range(20):
        long = long.with_signer(f"signer {number}", SCANNER, ("scan",))
    maps = (TRUST, long)
    save_trust_map(path, TRUST)
    done = threading.Event()

    def write() -> None:
        for number in range(100):
            save_trust_map(path, maps[number % 2])
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert load_trust_map(path) in maps
    writer.join()
    assert [found.name for found in tmp_path.iterdir()] == ["trust.json"]


def test_save_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "trust.json").mkdir()
    with pytest.raises(InputError, match=r"trust\.json: Is a directory"):
        save_trust_map(tmp_path / "trust.json", TRUST)
    assert [path.name for path in tmp_path.iterdir()] == ["trust.json"]
