"""The signature bundle: what is written, what is read, and what is not believed."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.dsse import Envelope

from evidence_samples import authority, certificate
from modelkeep.core import EvidenceError, InputError
from modelkeep.evidence import SigningKey
from modelkeep.sources import Artifact, digest_artifact, open_artifact
from modelkeep.trust.model_signature import PAYLOAD_TYPE, key_hint, make_bundle, read_bundle

KEY = SigningKey.generate()
FILES = {"weights.bin": b"w" * 100, ".hidden": b"h", "empty": b"", "sub/b.bin": b"b"}
Json = dict[str, Any]


@pytest.fixture
def tree(tmp_path: Path) -> Artifact:
    for name, data in FILES.items():
        path = tmp_path / "model" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return open_artifact(tmp_path / "model")


def bundle(artifact: Artifact, key: SigningKey = KEY) -> Json:
    return dict(json.loads(make_bundle(artifact, digest_artifact(artifact), key)))


def payload(data: Json) -> Json:
    return dict(json.loads(base64.b64decode(data["dsseEnvelope"]["payload"])))


def with_payload(data: Json, new: bytes) -> Json:
    return data | {
        "dsseEnvelope": data["dsseEnvelope"] | {"payload": base64.b64encode(new).decode()}
    }


def written(folder: Path, data: object) -> Path:
    path = folder / "some.sig"
    path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return path


def test_every_file_is_listed_with_its_digest_in_manifest_order(tree: Artifact) -> None:
    statement = payload(bundle(tree))
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()}
    names = [".hidden", "empty", "sub/b.bin", "weights.bin"]
    assert statement["predicate"]["resources"] == [
        {"name": name, "algorithm": "sha256", "digest": digests[name]} for name in names
    ]
    root = hashlib.sha256(b"".join(bytes.fromhex(digests[name]) for name in names))
    assert statement["subject"] == [{"name": "model", "digest": {"sha256": root.hexdigest()}}]
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"


def test_bundle_is_a_sigstore_bundle_over_a_signed_in_toto_statement(tree: Artifact) -> None:
    data = bundle(tree)
    assert data["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    hint = hashlib.sha256(KEY.public.pem.encode()).hexdigest()
    assert data["verificationMaterial"]["publicKey"]["hint"] == hint == key_hint(KEY.public)
    envelope = Envelope.from_dict(data["dsseEnvelope"])
    assert envelope.payload_type == "application/vnd.in-toto+json"
    assert list(envelope.verify([KEY.public.verifier()], 1)) == [KEY.public.keyid]


@pytest.mark.parametrize("kind", ["p256", "ed25519"])
def test_bundle_is_read_back_as_it_was_signed(
    tree: Artifact, tmp_path: Path, kind: str
) -> None:
    key = SigningKey.generate(kind)
    read = read_bundle(written(tmp_path, bundle(tree, key)))
    assert read.files == {
        name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()
    }
    assert (read.hint, read.chain) == (key_hint(key.public), ())


def test_single_file_is_listed_as_a_dot(tree: Artifact, tmp_path: Path) -> None:
    file = open_artifact(tree.path / "weights.bin")
    read = read_bundle(written(tmp_path, bundle(file)))
    assert read.files == {".": hashlib.sha256(FILES["weights.bin"]).hexdigest()}


def test_certificates_travel_in_place_of_the_hint(tree: Artifact, tmp_path: Path) -> None:
    root = authority()
    chain = (certificate("Signer", KEY.private, root), root[0])
    data = make_bundle(tree, digest_artifact(tree), KEY, chain)
    read = read_bundle(written(tmp_path, data))
    assert (read.hint, read.chain) == ("", chain)


def test_file_name_that_is_no_text_survives(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    name = b"caf\xe9.bin".decode(errors="surrogateescape")
    (folder / name).write_bytes(b"x")
    read = read_bundle(written(tmp_path, bundle(open_artifact(folder))))
    assert list(read.files) == [name]


def test_missing_bundle_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.sig"):
        read_bundle(tmp_path / "model.sig")


def test_enormous_bundle_is_not_even_read(tmp_path: Path) -> None:
    with (tmp_path / "model.sig").open("wb") as file:
        file.truncate((256 << 20) + 1)
    with pytest.raises(EvidenceError, match="size is not believed"):
        read_bundle(tmp_path / "model.sig")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff", b"[]", b"null", b"5", b"{}", b"[" * 100_000],
    ids=lambda data: data[:9].decode(errors="replace"),
)
def test_garbage_is_no_bundle(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="not a signature bundle"):
        read_bundle(written(tmp_path, data))


Change = Callable[[Json], object]


def material(**parts: object) -> Change:
    return lambda data: data.update(verificationMaterial=parts)


OUTSIDE: dict[str, Change] = {
    "no material": lambda data: data.pop("verificationMaterial"),
    "material is a list": lambda data: data.update(verificationMaterial=[]),
    "public key is text": material(publicKey="x"),
    "certificates are a number": material(x509CertificateChain={"certificates": 5}),
    "certificate is text": material(x509CertificateChain={"certificates": ["x"]}),
    "certificate without bytes": material(x509CertificateChain={"certificates": [{}]}),
    "certificate bytes are a number": material(certificate={"rawBytes": 5}),
    "certificate bytes are no certificate": material(certificate={"rawBytes": "AAAA"}),
    "no envelope": lambda data: data.pop("dsseEnvelope"),
    "envelope is null": lambda data: data.update(dsseEnvelope=None),
    "payload is a number": lambda data: data["dsseEnvelope"].update(payload=5),
    "payload type is another": lambda data: data["dsseEnvelope"].update(payloadType="x"),
    "signatures are missing": lambda data: data["dsseEnvelope"].pop("signatures"),
}


@pytest.mark.parametrize("name", OUTSIDE)
def test_bundle_of_another_shape_is_refused(tree: Artifact, tmp_path: Path, name: str) -> None:
    data = bundle(tree)
    OUTSIDE[name](data)
    with pytest.raises(EvidenceError):
        read_bundle(written(tmp_path, data))


def in_predicate(change: Change) -> Change:
    return lambda statement: change(statement["predicate"])


def in_resource(**parts: object) -> Change:
    return lambda statement: statement["predicate"]["resources"][0].update(parts)


INSIDE: dict[str, tuple[Change, str]] = {
    "another statement": (lambda s: s.update(_type="x"), "not a model signature v1.0"),
    "another predicate": (lambda s: s.update(predicateType="x"), "not a model signature v1.0"),
    "no subject": (lambda s: s.update(subject=[]), "not a model signature"),
    "two subjects": (lambda s: s.update(subject=s["subject"] * 2), "not a model signature"),
    "root of another list": (
        lambda s: s["subject"][0]["digest"].update(sha256="00" * 32),
        "root digest does not match",
    ),
    "file left out": (
        in_predicate(lambda p: p["resources"].pop()),
        "root digest does not match",
    ),
    "order changed": (
        in_predicate(lambda p: p["resources"].reverse()),
        "root digest does not match",
    ),
    "file listed twice": (
        in_predicate(lambda p: p["resources"].append(p["resources"][0])),
        "listed twice",
    ),
    "shards": (in_predicate(lambda p: p["serialization"].update(method="shards")), "'shards'"),
    "no serialization": (in_predicate(lambda p: p.pop("serialization")), "not a model sig"),
    "another hash": (in_resource(algorithm="blake2b"), "not listed by sha256"),
    "digest is a number": (in_resource(digest=5), "not a model signature"),
    "digest is not hex": (in_resource(digest="xy"), "not a model signature"),
    "resources are a number": (in_predicate(lambda p: p.update(resources=5)), "not a model"),
    "predicate is a list": (lambda s: s.update(predicate=[]), "not a model signature"),
}


@pytest.mark.parametrize("name", INSIDE)
def test_statement_of_another_shape_is_refused(
    tree: Artifact, tmp_path: Path, name: str
) -> None:
    change, reason = INSIDE[name]
    statement = payload(bundle(tree))
    change(statement)
    data = with_payload(bundle(tree), json.dumps(statement).encode())
    with pytest.raises(EvidenceError, match=reason):
        read_bundle(written(tmp_path, data))


@pytest.mark.parametrize("new", [b"", b"\xff", b"[]", b"null", b"5", b"[" * 100_000])
def test_payload_that_is_no_statement_is_refused(
    tree: Artifact, tmp_path: Path, new: bytes
) -> None:
    with pytest.raises(EvidenceError, match="not a model signature"):
        read_bundle(written(tmp_path, with_payload(bundle(tree), new)))


def test_payload_type_is_the_one_in_toto_asks_for() -> None:
    assert PAYLOAD_TYPE == "application/vnd.in-toto+json"
