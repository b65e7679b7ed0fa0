"""Signatures go both ways between us and OpenSSF's own tool, model_signing 1.1.1.

It crashes on Ed25519 and leaves ``.git`` out unless told not to, so this is done with
P-256 keys and ``--no-ignore-git-paths``.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from evidence_samples import NOON
from modelkeep.evidence import SigningKey, TrustMap
from modelkeep.sources import digest_artifact, open_artifact
from modelkeep.trust import Difference, SignatureCheck, State, sign_artifact, verify_signature

pytestmark = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, ("model_signing", "OpenSSL"))),
    reason="model_signing 1.1.1 or the pyopenssl it needs is not installed",
)
WHOLE_TREE = ("--no-ignore-git-paths", "--allow_symlinks")
KEY = SigningKey.generate("p256")
TRUST = TrustMap().with_signer("signer", KEY.public, ("model-signature",))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model with everything in it that tools like to leave out, and its keys beside it."""
    KEY.save(tmp_path / "signing.pem")
    (tmp_path / "signing.pub").write_text(KEY.public.pem)
    root = tmp_path / "model"
    for name, data in {
        "weights.bin": b"w" * 10_000,
        "empty": b"",
        ".config": b"c",
        ".git/config": b"g",
        "sub/deep/b.bin": b"b",
        "sub-1/c.bin": b"c",
        "sub.bin": b"order of names differs by separator",
        "caf\u00e9 \u6a21\u578b.bin": b"not ASCII",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    (root / "link.bin").symlink_to("weights.bin")
    return root


def model_signing(action: str, path: Path, *options: str) -> tuple[int, str]:
    """Run the tool on a model with our key; returns its exit code and what it said."""
    keys = path.parent if path.is_dir() else path.parent.parent
    key = {
        "sign": ("--private_key", str(keys / "signing.pem")),
        "verify": ("--public_key", str(keys / "signing.pub")),
    }[action]
    signature = ("--signature", str(open_artifact(path).signature))
    command = (sys.executable, "-m", "model_signing", action, "key", str(path))
    run = subprocess.run(
        [*command, *signature, *key, *options], capture_output=True, text=True, check=False
    )
    return run.returncode, run.stdout + run.stderr


def sign(path: Path) -> None:
    artifact = open_artifact(path)
    sign_artifact(artifact, digest_artifact(artifact), KEY)


def verify(path: Path) -> SignatureCheck:
    artifact = open_artifact(path)
    return verify_signature(artifact, digest_artifact(artifact), TRUST, now=NOON)


def test_directory_that_we_signed_is_accepted_by_model_signing(folder: Path) -> None:
    sign(folder)
    assert model_signing("verify", folder, *WHOLE_TREE) == (0, "Verification succeeded\n")
    (folder / "sub/deep/b.bin").write_bytes(b"changed")
    code, said = model_signing("verify", folder, *WHOLE_TREE)
    assert code == 1
    assert "sub/deep/b.bin" in said


def test_directory_that_model_signing_signed_is_trusted_here(folder: Path) -> None:
    code, said = model_signing("sign", folder, *WHOLE_TREE)
    assert code == 0, said
    assert verify(folder).state is State.TRUSTED
    (folder / ".git" / "hook").touch()
    (folder / "sub.bin").write_bytes(b"changed")
    check = verify(folder)
    assert check.difference == Difference(changed=("sub.bin",))
    assert check.told == (".git/hook: present, but never signed (counts under --strict)",)


def test_file_that_we_signed_is_accepted_by_model_signing(folder: Path) -> None:
    sign(folder / "weights.bin")
    said = model_signing("verify", folder / "weights.bin", *WHOLE_TREE)
    assert said == (0, "Verification succeeded\n")


def test_file_that_model_signing_signed_is_trusted_here(folder: Path) -> None:
    code, said = model_signing("sign", folder / "weights.bin", *WHOLE_TREE)
    assert code == 0, said
    assert verify(folder / "weights.bin").state is State.TRUSTED
    (folder / "weights.bin").write_bytes(b"changed")
    assert verify(folder / "weights.bin").difference == Difference(changed=("weights.bin",))


def test_what_model_signing_leaves_out_by_default_is_named_here(folder: Path) -> None:
    code, said = model_signing("sign", folder, "--allow_symlinks")
    assert code == 0, said
    check = verify(folder)
    assert check.state is State.TRUSTED
    assert check.told == (".git/config: present, but never signed (counts under --strict)",)


def test_link_where_model_signing_signed_files_only_is_named(folder: Path) -> None:
    (folder / "link.bin").unlink(missing_ok=True)
    code, said = model_signing("sign", folder)
    assert code == 0, said
    (folder / "weights.bin").rename(folder.parent / "elsewhere")
    (folder / "weights.bin").symlink_to(folder.parent / "elsewhere")
    sentence = "weights.bin: signed as a file, now a link"
    assert verify(folder).difference == Difference(marked=(("weights.bin", sentence),))
