"""The age format: what we write age reads, and the other way round."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import EvidenceError, InputError
from modelkeep.trust import decrypt_age, encrypt_age

pyrage = pytest.importorskip("pyrage")


def test_exchange_with_age_in_both_directions(tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    plain, ours = tmp_path / "plain", tmp_path / "ours.age"
    plain.write_bytes(b"weights" * 1000)
    encrypt_age(plain, ours, [str(identity.to_public())])
    assert pyrage.decrypt(ours.read_bytes(), [identity]) == plain.read_bytes()
    theirs = tmp_path / "theirs.age"
    theirs.write_bytes(pyrage.encrypt(b"theirs", [identity.to_public()]))
    decrypt_age(theirs, tmp_path / "out", str(identity))
    assert (tmp_path / "out").read_bytes() == b"theirs"


def test_what_is_not_for_us_or_was_changed_is_refused(tmp_path: Path) -> None:
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    path = tmp_path / "x.age"
    path.write_bytes(pyrage.encrypt(b"theirs", [other.to_public()]))
    with pytest.raises(EvidenceError):
        decrypt_age(path, tmp_path / "out", str(identity))
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(EvidenceError):
        decrypt_age(path, tmp_path / "out", str(other))
    with pytest.raises(InputError, match="not an age identity"):
        decrypt_age(path, tmp_path / "out", "key")
    with pytest.raises(InputError, match="not an age recipient"):
        encrypt_age(path, tmp_path / "out", ["key"])
    with pytest.raises(InputError, match="nobody"):
        encrypt_age(path, tmp_path / "out", [])
