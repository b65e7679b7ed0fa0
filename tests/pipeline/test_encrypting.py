"""Models at rest: files and directories, for the keep or for others, all or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError, UsageError
from modelkeep.trust import Identity


@pytest.fixture(autouse=True)
def _keep(desk: samples.Sample) -> None:
    pipeline.init_keep(desk.folder / ".modelkeep", "dev").close()


@pytest.fixture
def model() -> Path:
    return samples.directory_of(Path("model"), a__bin=b"a" * 100, b__bin=b"b", c__bin=b"")


def test_file_and_directory_come_back(desk: samples.Sample, model: Path) -> None:
    pipeline.encrypt_model(desk.model, "model.enc")
    assert desk.model.read_bytes()[:100] not in Path("model.enc").read_bytes()
    pipeline.decrypt_model("model.enc", "again.onnx")
    assert Path("again.onnx").read_bytes() == desk.model.read_bytes()
    pipeline.encrypt_model(model, "sealed")
    pipeline.decrypt_model("sealed", "plain")
    assert {p.name: p.read_bytes() for p in Path("plain").iterdir()} == {
        p.name: p.read_bytes() for p in model.iterdir()
    }


@pytest.mark.parametrize("change", ["left out", "added", "exchanged", "list gone", "flipped"])
def test_directory_that_was_changed_is_refused_and_nothing_is_left(
    change: str, model: Path
) -> None:
    pipeline.encrypt_model(model, "sealed")
    a, b = Path("sealed/a.bin"), Path("sealed/b.bin")
    if change == "left out":
        a.unlink()
    elif change == "added":
        Path("sealed/d.bin").write_bytes(a.read_bytes())
    elif change == "exchanged":
        a.write_bytes(b.read_bytes())
    elif change == "list gone":
        Path("sealed/.modelkeep-files").unlink()
    else:
        a.write_bytes(a.read_bytes()[:-1] + b"\0")
    with pytest.raises(EvidenceError):
        pipeline.decrypt_model("sealed", "plain")
    assert not Path("plain").exists()
    assert not list(Path().glob(".plain*"))


def test_others_read_what_was_encrypted_or_wrapped_for_them(desk: samples.Sample) -> None:
    other = Identity.generate()
    other.save(Path("other.pem"))
    Path("other.pub").write_text(other.recipient.pem)
    pipeline.encrypt_model(desk.model, "own.enc")
    with pytest.raises(InputError, match="not encrypted for this key"):
        pipeline.decrypt_model("own.enc", "out", key="other.pem")
    pipeline.rewrap_model("own.enc", "theirs.enc", to=["other.pub"])
    pipeline.decrypt_model("theirs.enc", "out", key="other.pem")
    assert Path("out").read_bytes() == desk.model.read_bytes()
    with pytest.raises(InputError, match="not encrypted for this key"):
        pipeline.decrypt_model("theirs.enc", "out2")


def test_nothing_is_overwritten_and_kinds_are_not_mixed(
    desk: samples.Sample, model: Path
) -> None:
    Path("there").touch()
    with pytest.raises(InputError, match="there already"):
        pipeline.encrypt_model(desk.model, "there")
    with pytest.raises(UsageError, match="age encrypts one file"):
        pipeline.encrypt_model(model, "x", age=["age1"])


def test_age_file_goes_out_and_comes_in(desk: samples.Sample) -> None:
    pyrage = pytest.importorskip("pyrage")
    identity = pyrage.x25519.Identity.generate()
    Path("key.txt").write_text(f"# created: today\n{identity}\n")
    pipeline.encrypt_model(desk.model, "model.age", age=[str(identity.to_public())])
    assert pyrage.decrypt(Path("model.age").read_bytes(), [identity]) == desk.model.read_bytes()
    pipeline.decrypt_model("model.age", "out.onnx", key="key.txt")
    assert Path("out.onnx").read_bytes() == desk.model.read_bytes()
    Path("model.age").write_bytes(Path("model.age").read_bytes()[:-1])
    with pytest.raises(EvidenceError, match="age cannot decrypt"):
        pipeline.decrypt_model("model.age", "out2", key="key.txt")
    assert not Path("out2").exists()
