"""Every state a signature check can end in, and every file named that is not as signed."""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from securesystemslib.dsse import Envelope

from evidence_samples import DAY, NOON, authority, certificate
from modelkeep.core import Confidence, Severity
from modelkeep.core.taxonomy import topic
from modelkeep.evidence import Ending, Place, SigningKey, TrustMap
from modelkeep.sources import Artifact, digest_artifact, open_artifact
from modelkeep.trust import (
    RULES,
    Difference,
    SignatureCheck,
    State,
    Terms,
    findings,
    sign_artifact,
    verify_signature,
)
from modelkeep.trust.certificates import encode_chain
from modelkeep.trust.model_signature import PAYLOAD_TYPE

KEYS = {kind: SigningKey.generate(kind) for kind in ("p256", "ed25519")}
KEY, STRANGER = KEYS["p256"], SigningKey.generate()
TRUST = TrustMap()
for _kind, _key in KEYS.items():
    TRUST = TRUST.with_signer(_kind, _key.public, ("model-signature",))
ROOT = authority()
Json = dict[str, Any]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model of nested, empty, hidden and linked files, not yet signed."""
    root = tmp_path / "model"
    for name, data in {
        "weights.bin": b"w" * 1000,
        "sub/deep/b.bin": b"b",
        "empty": b"",
        ".config": b"c",
        ".git/config": b"g",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "link.bin").symlink_to("weights.bin")
    return root


def sign(path: Path, key: SigningKey = KEY) -> Artifact:
    artifact = open_artifact(path)
    sign_artifact(artifact, digest_artifact(artifact), key)
    return artifact


def verify(
    path: Path,
    trust: TrustMap = TRUST,
    roots: tuple[x509.Certificate, ...] = (),
    now: dt.datetime = NOON,
) -> SignatureCheck:
    artifact = open_artifact(path)
    terms = Terms(roots=roots)
    return verify_signature(artifact, digest_artifact(artifact), trust, now=now, terms=terms)


def edit(artifact: Artifact, change: Callable[[Json], object]) -> None:
    """Change the bundle on disk."""
    data = json.loads(artifact.signature.read_bytes())
    change(data)
    artifact.signature.write_text(json.dumps(data))


def resigned(artifact: Artifact, change: Callable[[Json], object], key: SigningKey) -> None:
    """Change the signed statement and sign it again, as its signer could."""

    def work(data: Json) -> None:
        statement = json.loads(base64.b64decode(data["dsseEnvelope"]["payload"]))
        change(statement)
        envelope = Envelope(json.dumps(statement).encode(), PAYLOAD_TYPE, {})
        envelope.sign(key.signer())
        data["dsseEnvelope"] = envelope.to_dict()

    edit(artifact, work)


@pytest.mark.parametrize("kind", KEYS)
def test_directory_signed_by_a_trusted_key_is_trusted(folder: Path, kind: str) -> None:
    sign(folder, KEYS[kind])
    keyid = KEYS[kind].public.keyid
    expected = SignatureCheck(State.TRUSTED, f"signed by {kind}", kind, keyid=keyid)
    assert verify(folder) == expected


@pytest.mark.parametrize("kind", KEYS)
def test_single_file_signed_by_a_trusted_key_is_trusted(folder: Path, kind: str) -> None:
    sign(folder / "weights.bin", KEYS[kind])
    assert verify(folder / "weights.bin").state is State.TRUSTED
    (folder / "weights.bin").write_bytes(b"x")
    check = verify(folder / "weights.bin")
    assert (check.state, check.difference) == (
        State.BROKEN,
        Difference(changed=("weights.bin",)),
    )


def test_file_may_be_renamed_together_with_its_signature(folder: Path) -> None:
    sign(folder / "weights.bin")
    for suffix in ("", ".sig"):
        (folder / f"weights.bin{suffix}").rename(folder / f"renamed.bin{suffix}")
    assert verify(folder / "renamed.bin").state is State.TRUSTED


def test_model_without_a_signature_is_unsigned(folder: Path) -> None:
    assert verify(folder) == SignatureCheck(State.UNSIGNED, "no signature at model.sig")


def test_model_signed_by_a_stranger_is_untrusted(folder: Path) -> None:
    sign(folder, STRANGER)
    assert verify(folder).state is State.UNTRUSTED
    assert verify(folder, TrustMap()).state is State.UNTRUSTED


def test_key_trusted_for_something_else_may_not_sign_models(folder: Path) -> None:
    sign(folder, STRANGER)
    trust = TRUST.with_signer("ci", STRANGER.public, ("scan", "decision"))
    assert verify(folder, trust).state is State.UNTRUSTED


CHANGES: dict[str, tuple[Callable[[Path], object], Difference]] = {
    "changed": (
        lambda root: (root / "sub/deep/b.bin").write_bytes(b"B"),
        Difference(changed=("sub/deep/b.bin",)),
    ),
    "missing": (lambda root: (root / "empty").unlink(), Difference(missing=("empty",))),
    "extra": (
        lambda root: (root / "payload.py").write_text("evil"),
        Difference(extra=("payload.py",)),
    ),
    "extra and empty": (
        lambda root: (root / "__init__.py").touch(),
        Difference(extra=("__init__.py",)),
    ),
    "link instead of a file": (
        lambda root: (
            (root / "empty").rename(root.parent / "elsewhere"),
            (root / "empty").symlink_to(root.parent / "elsewhere"),
        ),
        Difference(marked=(("empty", "empty: signed as a file, now a link"),)),
    ),
    "file instead of a link": (
        lambda root: (
            (root / "link.bin").unlink(),
            (root / "link.bin").write_bytes((root / "weights.bin").read_bytes()),
        ),
        Difference(marked=(("link.bin", "link.bin: signed as a link, now a file"),)),
    ),
    "extra dot file": (
        lambda root: (root / ".gitattributes").touch(),
        Difference(extra=(".gitattributes",)),
    ),
    "extra signature further down": (
        lambda root: (root / "sub/model.sig").write_text("evil"),
        Difference(extra=("sub/model.sig",)),
    ),
    "extra link": (
        lambda root: (root / "alias.bin").symlink_to("weights.bin"),
        Difference(extra=("alias.bin",)),
    ),
    "link to something else": (
        lambda root: ((root / "link.bin").unlink(), (root / "link.bin").symlink_to(".config")),
        Difference(changed=("link.bin",)),
    ),
    "behind a link": (
        lambda root: (root / "weights.bin").write_bytes(b"x"),
        Difference(changed=("link.bin", "weights.bin")),
    ),
    "emptied": (
        lambda root: os.truncate(root / "weights.bin", 0),
        Difference(changed=("link.bin", "weights.bin")),
    ),
    "renamed": (
        lambda root: (root / ".config").rename(root / "config"),
        Difference(extra=("config",), missing=(".config",)),
    ),
    "same name in another folder": (
        lambda root: (root / "sub/deep/b.bin").rename(root / "sub/b.bin"),
        Difference(extra=("sub/b.bin",), missing=("sub/deep/b.bin",)),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_file_that_is_not_as_signed_is_named(folder: Path, name: str) -> None:
    artifact = sign(folder)
    change, expected = CHANGES[name]
    change(folder)
    check = verify(folder)
    assert (check.state, check.difference) == (State.BROKEN, expected)
    assert [found.message for found in findings(artifact, check)] == expected.sentences()


def test_ignore_list_in_the_bundle_hides_nothing(folder: Path) -> None:
    """Signed by a trusted key, so that only our not reading the list protects."""

    def ignore(statement: Json) -> None:
        statement["predicate"]["serialization"] |= {
            "ignore_paths": [".git", "payload.py", "sub"],
            "allow_symlinks": False,
        }

    resigned(sign(folder), ignore, KEY)
    assert verify(folder).state is State.TRUSTED
    (folder / "payload.py").write_text("evil")
    (folder / ".git/hook").write_text("evil")
    (folder / "sub/deep/b.bin").unlink()
    check = verify(folder)
    assert check.difference == Difference(extra=("payload.py",), missing=("sub/deep/b.bin",))
    assert check.told == (".git/hook: present, but never signed (counts under --strict)",)


def asked(folder: Path, **terms: bool | tuple[str, ...]) -> SignatureCheck:
    artifact = open_artifact(folder)
    manifest = digest_artifact(artifact)
    return verify_signature(artifact, manifest, TRUST, now=NOON, terms=Terms(**terms))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda root: (root / ".git/hook").write_text("evil"),
            ".git/hook: present, but never signed",
        ),
        (lambda root: (root / ".git/config").unlink(), ".git/config: signed, but missing"),
        (
            lambda root: (root / "weights.bin").chmod(0o777),
            "weights.bin: mode 0777, signed with 0644",
        ),
    ],
)
def test_modes_and_git_are_told_and_count_under_strict(
    folder: Path, change: Callable[[Path], object], sentence: str
) -> None:
    (folder / "weights.bin").chmod(0o644)
    sign(folder)
    change(folder)
    check = asked(folder)
    assert check.state is State.TRUSTED
    assert f"{sentence} (counts under --strict)" in check.told
    check = asked(folder, strict=True)
    assert check.state is State.BROKEN
    assert sentence in check.difference.sentences()


def test_git_is_a_folder_and_no_part_of_a_name(folder: Path) -> None:
    sign(folder)
    (folder / "a.git").write_text("evil")
    (folder / "sub" / ".git").write_text("evil")
    assert asked(folder).difference.extra == ("a.git", "sub/.git")


def test_only_the_verifier_chooses_what_is_ignored_and_it_is_told(folder: Path) -> None:
    sign(folder)
    (folder / "notes.txt").write_text("mine")
    (folder / "weights.bin").chmod(0o600)
    assert asked(folder).state is State.BROKEN
    check = asked(folder, ignore=("*.txt",))
    assert check.state is State.TRUSTED
    assert "notes.txt: present, but never signed (ignored as asked)" in check.told
    (folder / "other.py").write_text("evil")
    assert asked(folder, ignore=("*.txt",)).difference == Difference(extra=("other.py",))


def test_key_that_ended_counts_if_the_log_proved_its_signature_before(folder: Path) -> None:
    sign(folder)
    artifact = open_artifact(folder)
    manifest = digest_artifact(artifact)
    ended = TRUST.ending(KEY.public.keyid, Ending("2026-11-21T00:00:00Z", "lost", "log", 5))

    def check(*proved: tuple[dt.datetime, Place]) -> SignatureCheck:
        terms = Terms(proved=dict(zip([KEY.public.keyid], proved, strict=False)))
        return verify_signature(artifact, manifest, ended, now=NOON, terms=terms)

    assert check().state is State.UNTRUSTED
    assert "lost" in check().reason
    assert check((NOON - 2 * DAY, Place("log", 3))).state is State.TRUSTED
    assert check((NOON - 2 * DAY, Place("log", 5))).state is State.UNTRUSTED
    assert check((NOON, Place("log", 3))).state is State.UNTRUSTED


def test_changed_statement_is_broken(folder: Path) -> None:
    artifact = sign(folder)
    before = artifact.signature.read_bytes()

    def rename(data: Json) -> None:
        text = base64.b64decode(data["dsseEnvelope"]["payload"])
        new = base64.b64encode(text.replace(b'"model"', b'"other"')).decode()
        data["dsseEnvelope"]["payload"] = new

    edit(artifact, rename)
    assert len(artifact.signature.read_bytes()) == len(before)
    assert artifact.signature.read_bytes() != before
    check = verify(folder)
    assert (check.state, check.difference) == (State.BROKEN, Difference())
    assert "does not verify" in check.reason


def test_signature_by_a_stranger_under_a_trusted_hint_is_broken(folder: Path) -> None:
    artifact = sign(folder)
    resigned(artifact, lambda _: None, STRANGER)
    check = verify(folder)
    assert check.state is State.BROKEN
    assert "does not verify with the key it names" in check.reason


@pytest.mark.parametrize(("key", "state"), [(KEY, State.TRUSTED), (STRANGER, State.UNTRUSTED)])
def test_bundle_without_a_hint_is_tried_with_every_trusted_key(
    folder: Path, key: SigningKey, state: State
) -> None:
    edit(sign(folder, key), lambda data: data["verificationMaterial"].pop("publicKey"))
    assert verify(folder).state is state


def test_signature_of_another_model_is_broken_and_names_everything(folder: Path) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "x.bin").write_bytes(b"x")
    (other / "model.sig").write_bytes(sign(folder).signature.read_bytes())
    check = verify(other)
    assert check.state is State.BROKEN
    assert check.difference.extra == ("x.bin",)
    assert len(check.difference.missing) == 5  # .git is told only


def test_signature_without_any_signature_in_it_is_broken(folder: Path) -> None:
    edit(sign(folder), lambda data: data["dsseEnvelope"].update(signatures=[]))
    assert verify(folder).state is State.BROKEN


@pytest.mark.parametrize("data", [b"", b"garbage", b"{}", b"[" * 100_000, b"\xff\xfe"])
def test_garbage_in_place_of_the_signature_is_broken(folder: Path, data: bytes) -> None:
    (folder / "model.sig").write_bytes(data)
    check = verify(folder)
    assert check.state is State.BROKEN
    assert "not a signature bundle" in check.reason


def with_certificate(
    folder: Path, days: tuple[float, float] = (-100, 100), usage: str = "digital_signature"
) -> Artifact:
    artifact = open_artifact(folder)
    leaf = certificate("Signer", KEY.private, ROOT, usage={usage: True}, days=days)
    sign_artifact(artifact, digest_artifact(artifact), KEY, chain=(leaf,))
    return artifact


def test_certificate_of_a_known_root_is_trusted_by_name(folder: Path) -> None:
    with_certificate(folder)
    check = verify(folder, TrustMap(), roots=(ROOT[0],))
    assert (check.state, check.reason) == (State.TRUSTED, "signed by CN=Signer")
    assert check.signer == "CN=Signer"
    (folder / "empty").unlink()
    assert verify(folder, TrustMap(), roots=(ROOT[0],)).state is State.BROKEN


def test_certificate_without_any_root_to_compare_is_untrusted(folder: Path) -> None:
    with_certificate(folder)
    assert verify(folder, TrustMap()).state is State.UNTRUSTED


def test_certificate_of_another_root_is_broken(folder: Path) -> None:
    with_certificate(folder)
    check = verify(folder, roots=(authority()[0],))
    assert check.state is State.BROKEN
    assert "does not lead to a trusted root" in check.reason


def test_certificate_that_expired_is_broken(folder: Path) -> None:
    with_certificate(folder, days=(-50, -10))
    assert "expired" in verify(folder, roots=(ROOT[0],)).reason
    assert verify(folder, roots=(ROOT[0],), now=NOON - 20 * DAY).state is State.TRUSTED


def test_certificate_not_meant_for_signatures_is_broken(folder: Path) -> None:
    with_certificate(folder, usage="key_agreement")
    assert verify(folder, roots=(ROOT[0],)).state is State.BROKEN


@pytest.mark.parametrize("roots", [(), (ROOT[0],)], ids=["no roots", "root"])
def test_certificate_of_another_key_than_signed_is_broken(
    folder: Path, roots: tuple[x509.Certificate, ...]
) -> None:
    artifact = with_certificate(folder)
    resigned(artifact, lambda _: None, STRANGER)
    assert verify(folder, roots=roots).state is State.BROKEN


@pytest.mark.parametrize(
    "key",
    [rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP384R1())],
    ids=["rsa", "p384"],
)
@pytest.mark.parametrize("roots", [(), (ROOT[0],)], ids=["no roots", "root"])
def test_certificate_with_a_foreign_kind_of_key_is_not_trusted(
    folder: Path,
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    roots: tuple[x509.Certificate, ...],
) -> None:
    artifact = with_certificate(folder)
    (raw,) = encode_chain((certificate("Signer", key, ROOT),))
    edit(
        artifact,
        lambda data: data.update(
            verificationMaterial={"x509CertificateChain": {"certificates": [{"rawBytes": raw}]}}
        ),
    )
    assert verify(folder, roots=roots).state in {State.BROKEN, State.UNTRUSTED}


def test_states_become_findings_of_their_rules(folder: Path) -> None:
    artifact = open_artifact(folder)

    def told() -> list[tuple[str, Severity, str]]:
        return [
            (found.rule.id, found.severity, str(found.location))
            for found in findings(artifact, verify(folder))
        ]

    assert told() == [("SIG002", Severity.MEDIUM, "model.sig")]
    sign(folder, STRANGER)
    assert told() == [("SIG003", Severity.MEDIUM, "model.sig")]
    sign(folder)
    assert told() == []
    (folder / "empty").unlink()
    (folder / "new").touch()
    assert told() == [
        ("SIG001", Severity.CRITICAL, "empty"),
        ("SIG001", Severity.CRITICAL, "new"),
    ]
    (folder / "model.sig").write_bytes(b"garbage")
    assert told() == [("SIG001", Severity.CRITICAL, "model.sig")]


def test_finding_is_placed_in_the_file_whatever_its_name(folder: Path) -> None:
    (folder / "layer:0: changed.bin").write_bytes(b"x")
    artifact = sign(folder)
    (folder / "layer:0: changed.bin").write_bytes(b"y")
    (found,) = findings(artifact, verify(folder))
    assert found.location.path == "layer:0: changed.bin"
    assert found.confidence is Confidence.HIGH


def test_every_rule_has_a_remedy_and_a_topic_in_the_taxonomy() -> None:
    assert [rule.id for rule in RULES] == ["SIG001", "SIG002", "SIG003"]
    for rule in RULES:
        assert rule.remedy
        assert topic(rule.topic).title
