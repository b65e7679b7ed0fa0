"""Signing writes one file, in one step, where verifying looks for it."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from evidence_samples import authority, certificate
from modelkeep.core import InputError
from modelkeep.evidence import SigningKey
from modelkeep.sources import Artifact, digest_artifact, open_artifact
from modelkeep.trust import sign_artifact
from modelkeep.trust.model_signature import read_bundle

KEY = SigningKey.generate()


@pytest.fixture
def tree(tmp_path: Path) -> Artifact:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights.bin").write_bytes(b"w")
    return open_artifact(tmp_path / "model")


def sign(artifact: Artifact, key: SigningKey = KEY) -> Path:
    return sign_artifact(artifact, digest_artifact(artifact), key)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_signature_of_a_directory_lies_inside_it(tree: Artifact) -> None:
    assert sign(tree) == tree.path / "model.sig"
    assert names(tree.path) == ["model.sig", "weights.bin"]
    assert list(read_bundle(tree.signature).files) == ["weights.bin"]


def test_signature_of_a_file_lies_beside_it(tree: Artifact) -> None:
    assert sign(open_artifact(tree.path / "weights.bin")) == tree.path / "weights.bin.sig"
    assert names(tree.path) == ["weights.bin", "weights.bin.sig"]


def test_signature_is_for_everyone_to_read(tree: Artifact) -> None:
    assert stat.S_IMODE(sign(tree).stat().st_mode) == 0o644


def test_signing_again_replaces_the_signature_and_nothing_else(tree: Artifact) -> None:
    sign(tree)
    first = read_bundle(tree.signature)
    (tree.path / "weights.bin").write_bytes(b"other")
    sign(open_artifact(tree.path), SigningKey.generate("ed25519"))
    second = read_bundle(tree.signature)
    assert first.files.keys() == second.files.keys() == {"weights.bin"}
    assert first.files != second.files
    assert first.hint != second.hint
    assert names(tree.path) == ["model.sig", "weights.bin"]


def test_signature_is_never_written_through_a_link(tree: Artifact, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    tree.signature.symlink_to(tmp_path / "precious")
    sign(tree)
    assert (tmp_path / "precious").read_text() == "mine"
    assert not tree.signature.is_symlink()


def test_certificate_of_another_key_is_refused_before_anything_is_written(
    tree: Artifact,
) -> None:
    root = authority()
    foreign = certificate("Other", SigningKey.generate().private, root)
    with pytest.raises(InputError, match="does not belong to the signing key"):
        sign_artifact(tree, digest_artifact(tree), KEY, chain=(foreign, root[0]))
    assert names(tree.path) == ["weights.bin"]


def test_certificate_of_the_key_travels_with_the_signature(tree: Artifact) -> None:
    root = authority()
    chain = (certificate("Signer", KEY.private, root), root[0])
    sign_artifact(tree, digest_artifact(tree), KEY, chain=chain)
    assert read_bundle(tree.signature).chain == chain


def test_signature_that_cannot_be_put_in_place_leaves_nothing_behind(tree: Artifact) -> None:
    tree.signature.mkdir()
    (tree.signature / "in the way").write_text("x")
    with pytest.raises(InputError, match=r"model\.sig"):
        sign(tree)
    assert names(tree.path) == ["model.sig", "weights.bin"]


def test_signature_in_a_folder_that_is_gone_is_an_input_error(tree: Artifact) -> None:
    manifest = digest_artifact(tree)
    (tree.path / "weights.bin").unlink()
    tree.path.rmdir()
    with pytest.raises(InputError, match=r"weights\.bin"):
        sign_artifact(tree, manifest, KEY)
