"""Keys on disk and in memory: modes, passphrases, ids, and the kinds that are refused."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from modelkeep.core import InputError
from modelkeep.evidence import PublicKey, SigningKey, load_public
from modelkeep.evidence.keys import PASSPHRASE_VARIABLE

KINDS = pytest.mark.parametrize("kind", ["p256", "ed25519"])
FOREIGN = [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())]
foreign = pytest.mark.parametrize("key", FOREIGN, ids=["rsa", "p384"])
ForeignKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@pytest.fixture(autouse=True)
def _without_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE_VARIABLE, raising=False)


@KINDS
def test_saved_key_is_for_its_owner_only_and_loads_again(kind: str, tmp_path: Path) -> None:
    key = SigningKey.generate(kind)
    before = os.umask(0)  # the mode must not depend on the user's umask
    try:
        key.save(tmp_path / "key.pem")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    assert SigningKey.load(tmp_path / "key.pem").public == key.public


@KINDS
def test_key_id_is_the_sha256_of_the_public_key_info(kind: str) -> None:
    key = SigningKey.generate(kind)
    der = key.private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert key.public.keyid == hashlib.sha256(der).hexdigest()
    assert key.signer().public_key.keyid == key.public.keyid
    assert PublicKey.from_pem(key.public.pem) == key.public


@KINDS
def test_passphrase_protects_the_key_and_opens_it(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key.pem"
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse \u00e9")
    key = SigningKey.generate(kind)
    key.save(path)
    assert b"ENCRYPTED" in path.read_bytes()
    assert SigningKey.load(path).public == key.public
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "battery staple")
    with pytest.raises(InputError, match="wrong passphrase"):
        SigningKey.load(path)
    monkeypatch.delenv(PASSPHRASE_VARIABLE)
    with pytest.raises(InputError, match="protected by a passphrase") as caught:
        SigningKey.load(path)
    assert PASSPHRASE_VARIABLE in caught.value.hint
    opened = SigningKey.load(path, passphrase="correct horse \u00e9".encode())
    assert opened.public == key.public


def test_passphrase_in_the_environment_does_not_lock_out_a_plain_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = SigningKey.generate()
    key.save(tmp_path / "key.pem")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "not needed")
    assert SigningKey.load(tmp_path / "key.pem").public == key.public


def test_key_is_never_written_over_another(tmp_path: Path) -> None:
    first = SigningKey.generate()
    first.save(tmp_path / "key.pem")
    with pytest.raises(InputError, match="not replaced"):
        SigningKey.generate().save(tmp_path / "key.pem")
    assert SigningKey.load(tmp_path / "key.pem").public == first.public


def test_key_is_not_written_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "key.pem").symlink_to(tmp_path / "elsewhere.pem")
    with pytest.raises(InputError):
        SigningKey.generate().save(tmp_path / "key.pem")
    assert not (tmp_path / "elsewhere.pem").exists()


@foreign
def test_private_key_of_another_kind_is_refused(key: ForeignKey, tmp_path: Path) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / "key.pem").write_bytes(pem)
    with pytest.raises(InputError, match="only ECDSA P-256 and Ed25519"):
        SigningKey.load(tmp_path / "key.pem")


@foreign
def test_public_key_of_another_kind_is_refused(key: ForeignKey) -> None:
    pem = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    with pytest.raises(InputError, match="only ECDSA P-256 and Ed25519"):
        load_public(pem.decode())


@pytest.mark.parametrize("text", ["", "no key", "-----BEGIN PUBLIC KEY-----\nAAAA\n", "\ud800"])
def test_garbage_is_no_public_key(text: str) -> None:
    with pytest.raises(InputError, match="not a public key"):
        load_public(text)


@pytest.mark.parametrize("data", [b"", b"\xff\x00", b"-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_garbage_is_no_private_key(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(data)
    with pytest.raises(InputError, match=r"key\.pem: not a private key"):
        SigningKey.load(tmp_path / "key.pem")


def test_missing_key_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"key\.pem"):
        SigningKey.load(tmp_path / "key.pem")


def test_unknown_kind_of_key_is_not_made() -> None:
    with pytest.raises(InputError, match="rsa"):
        SigningKey.generate("rsa")
