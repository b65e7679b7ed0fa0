"""Certificate chains: every link signed, in force, allowed to sign, and a known root."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

from evidence_samples import DAY, ISSUING, NOON, Issuer, authority, certificate
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import SigningKey
from modelkeep.trust.certificates import (
    encode_chain,
    leaf_key,
    load_certificates,
    parse_chain,
    verify_chain,
)

KEY = SigningKey.generate().private
ROOT = authority()
LEAF = certificate("Signer", KEY, ROOT)
NOT_TRUSTED = "does not lead to a trusted root"
Chain = tuple[x509.Certificate, ...]


def verified(*chain: x509.Certificate, root: Issuer = ROOT, days: float = 0) -> str:
    return verify_chain(chain, (root[0],), NOON + days * DAY)


def extended(*purposes: ObjectIdentifier) -> x509.Certificate:
    """A leaf for these purposes only."""
    return certificate(
        "Signer", KEY, ROOT, extensions=[(x509.ExtendedKeyUsage(purposes), False)]
    )


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_leaf_issued_by_a_root_is_trusted_under_its_name(kind: str) -> None:
    key = SigningKey.generate(kind).private
    assert verified(certificate("Signer", key, ROOT)) == "CN=Signer"


def test_root_may_come_along_and_stand_among_others() -> None:
    roots = (authority("Another")[0], ROOT[0])
    assert verify_chain((LEAF, ROOT[0]), roots, NOON) == "CN=Signer"


def test_leaf_behind_an_intermediate_is_trusted() -> None:
    middle = authority("Middle", issuer=ROOT)
    leaf = certificate("Signer", KEY, middle)
    assert verified(leaf, middle[0]) == "CN=Signer"
    assert verified(leaf, middle[0], ROOT[0]) == "CN=Signer"
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verified(leaf)  # the intermediate is missing
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verified(leaf, ROOT[0], middle[0])


def test_leaf_may_itself_be_the_trusted_certificate() -> None:
    alone = certificate("Signer", KEY)
    assert verify_chain((alone,), (alone,), NOON) == "CN=Signer"
    with pytest.raises(EvidenceError, match="expired"):
        verify_chain((alone,), (alone,), NOON + 101 * DAY)


@pytest.mark.parametrize("days", [-100, 100])
def test_certificate_is_in_force_on_its_first_and_last_second(days: float) -> None:
    assert verified(LEAF, days=days) == "CN=Signer"


def test_expired_leaf_is_refused_by_name_and_date() -> None:
    with pytest.raises(EvidenceError, match=r"'CN=Signer' expired 2026-11-12"):
        verified(certificate("Signer", KEY, ROOT, days=(-50, -10)))


def test_leaf_that_is_not_valid_yet_is_refused() -> None:
    with pytest.raises(EvidenceError, match=r"'CN=Signer' is not valid before its time"):
        verified(certificate("Signer", KEY, ROOT, days=(10, 50)))


@pytest.mark.parametrize(
    ("days", "reason"),
    [((-90, -10), "'CN=Root' expired"), ((10, 90), "'CN=Root' is not valid before")],
)
def test_root_out_of_force_is_refused(days: tuple[float, float], reason: str) -> None:
    root = authority(days=days)
    with pytest.raises(EvidenceError, match=reason):
        verified(certificate("Signer", KEY, root), root=root)


def test_expired_intermediate_is_refused() -> None:
    middle = authority("Middle", issuer=ROOT, days=(-90, -10))
    with pytest.raises(EvidenceError, match="'CN=Middle' expired"):
        verified(certificate("Signer", KEY, middle), middle[0])


def test_root_of_the_same_name_with_another_key_is_refused() -> None:
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verified(LEAF, root=authority())
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verified(LEAF, ROOT[0], root=authority())


def test_nothing_is_trusted_without_roots() -> None:
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verify_chain((LEAF, ROOT[0]), (), NOON)


def test_certificate_changed_after_it_was_issued_is_refused() -> None:
    raw = LEAF.public_bytes(serialization.Encoding.DER).replace(b"Signer", b"Sinner")
    changed = x509.load_der_x509_certificate(raw)
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verified(changed)


@pytest.mark.parametrize("ca", [False, None], ids=["says it is none", "does not say"])
def test_issuer_that_is_no_authority_is_refused(ca: bool | None) -> None:
    issuer = authority("Middle", issuer=ROOT, ca=ca)
    with pytest.raises(EvidenceError, match=NOT_TRUSTED):
        verified(certificate("Signer", KEY, issuer), issuer[0])


def test_issuer_whose_key_may_not_sign_certificates_is_refused() -> None:
    issuer = authority("Middle", issuer=ROOT, usage={"digital_signature": True})
    with pytest.raises(EvidenceError):
        verified(certificate("Signer", KEY, issuer), issuer[0])


def test_authority_that_may_not_make_authorities_is_held_to_it() -> None:
    root = authority(path_length=0)
    assert verified(certificate("Signer", KEY, root), root=root) == "CN=Signer"
    middle = authority("Middle", issuer=root)
    with pytest.raises(EvidenceError):
        verified(certificate("Signer", KEY, middle), middle[0], root=root)


def test_leaf_not_meant_for_signatures_is_refused() -> None:
    with pytest.raises(EvidenceError, match="not meant for digital signatures"):
        verified(certificate("Signer", KEY, ROOT, usage={"key_agreement": True}))
    assert verified(certificate("Signer", KEY, ROOT, usage=None)) == "CN=Signer"


def test_leaf_for_other_purposes_than_signing_code_is_refused() -> None:
    assert verified(extended(ExtendedKeyUsageOID.CODE_SIGNING)) == "CN=Signer"
    with pytest.raises(EvidenceError):
        verified(extended(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH))


def test_critical_extension_that_nobody_here_reads_is_refused() -> None:
    unknown = x509.UnrecognizedExtension(ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\x05\x00")
    ignorable = certificate("Signer", KEY, ROOT, extensions=[(unknown, False)])
    assert verified(ignorable) == "CN=Signer"
    with pytest.raises(EvidenceError):
        verified(certificate("Signer", KEY, ROOT, extensions=[(unknown, True)]))


def test_empty_chain_is_refused() -> None:
    with pytest.raises(EvidenceError, match="no certificate"):
        verify_chain((), (ROOT[0],), NOON)


def test_certificates_are_read_from_pem(tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    path.write_bytes(
        b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (LEAF, ROOT[0]))
    )
    assert load_certificates(path) == (LEAF, ROOT[0])


def test_file_without_certificates_is_named(tmp_path: Path) -> None:
    for name, text in {"empty.pem": "", "text.pem": "no certificate"}.items():
        (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=f"{name}: no certificates in PEM"):
            load_certificates(tmp_path / name)
    with pytest.raises(InputError, match=r"missing\.pem"):
        load_certificates(tmp_path / "missing.pem")


def test_chain_survives_its_way_through_a_bundle() -> None:
    assert parse_chain(encode_chain((LEAF, ROOT[0]))) == (LEAF, ROOT[0])
    assert base64.b64decode(encode_chain((LEAF,))[0]) == LEAF.public_bytes(
        serialization.Encoding.DER
    )


@pytest.mark.parametrize("raw", ["", "AAAA", "\u00e9", "*", 5, None, []])
def test_garbage_is_no_chain(raw: object) -> None:
    with pytest.raises(EvidenceError, match="cannot be read"):
        parse_chain([raw])  # type: ignore[list-item]  # JSON brings anything


def test_key_of_the_leaf_is_the_signers() -> None:
    assert leaf_key((LEAF, ROOT[0])) == SigningKey(KEY).public


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())],
    ids=["rsa", "p384"],
)
def test_leaf_with_a_foreign_kind_of_key_is_refused(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    with pytest.raises(InputError, match="only ECDSA P-256 and Ed25519"):
        leaf_key((certificate("Signer", key, ROOT, usage=ISSUING),))
