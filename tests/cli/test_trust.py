"""``modelkeep trust``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import check_samples as samples
from check_samples import said
from modelkeep.evidence import SigningKey


@pytest.fixture(autouse=True)
def _here(desk: samples.Sample) -> None:
    """Every test has a keep and somebody's public key in a folder of its own."""
    said("--keep", desk.folder / ".modelkeep", "init")
    Path("ci.pub").write_text(SigningKey.generate().public.pem)


def test_signer_is_added_listed_and_removed() -> None:
    got = said("trust", "add", "ci", "ci.pub", "--predicate", "scan", "--predicate", "bom")
    assert got.code == 0
    assert got.out.startswith("ci ")
    assert got.out.endswith(" may assert scan, bom\n")
    names = [line.split()[0] for line in said("trust", "list").out.splitlines()]
    assert names == ["keep", "ci"]
    assert said("trust", "remove", "ci").out == "ci is no longer trusted\n"
    assert said("trust", "list").out.count("\n") == 1


def test_export_is_the_trust_map_as_json() -> None:
    found = json.loads(said("trust", "export").out)
    assert [signer["name"] for signer in found["signers"]] == ["keep"]
    assert found["version"] == 1


def test_taken_name_and_unknown_signer_are_64() -> None:
    assert said("trust", "add", "keep", "ci.pub").code == 64
    assert said("trust", "remove", "nobody").code == 64


def test_unknown_predicate_is_refused_with_the_known_ones() -> None:
    got = said("trust", "add", "ci", "ci.pub", "--predicate", "gossip")
    assert got.code == 2
    assert "model-signature" in got.err


def test_key_is_rotated_and_another_revoked_and_the_list_says_so() -> None:
    said("trust", "add", "ci", "ci.pub")
    assert "signs with" in said("trust", "rotate").out
    got = said("trust", "revoke", "ci", "--reason", "lost", "--since", "2026-11-01T00:00:00Z")
    assert got.code == 0
    assert "from 2026-11-01T00:00:00Z on" in got.out
    assert "until 2026-11-01T00:00:00Z: lost" in said("trust", "list").out
    assert said("trust", "revoke", "nobody", "--reason", "lost").code == 64
    assert said("trust", "revoke", "ci", "--reason", "x", "--since", "monday").code == 2


def test_trust_travels_to_another_keep(tmp_path: Path) -> None:
    said("trust", "add", "ci", "ci.pub")
    Path("trust.json").write_text(said("trust", "export", "--signed").out)
    other = ("--keep", tmp_path / "other")
    said(*other, "init")
    assert said(*other, "trust", "import", "trust.json").code == 2
    pub = ".modelkeep/keys/signing.pub"
    got = said(*other, "trust", "import", "trust.json", "--key", pub)
    assert got.code == 0
    assert "ci is trusted now" in got.out
    assert said(*other, "trust", "import", "trust.json").out == "nothing new\n"
