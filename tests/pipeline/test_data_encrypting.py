"""A sealed data set at rest: nothing plain on disk, and as sealed when opened."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest

from check_samples import said
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.data import Options
from modelkeep.formats import MemorySource
from modelkeep.pipeline.encrypted_contents import DATA_LIST as LIST
from modelkeep.trust import encrypt, load_recipient

WORDS = (b"mallory", b"salaries", b"licence-of-ours", b"label")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("salaries")
    folder.mkdir()
    (folder / "mallory.csv").write_text("name,label\n" + "mallory,high\n" * 50)
    (folder / "b.csv").write_text("name,label\nann,low\n")
    pipeline.seal_data(folder, options=Options(label="label", licence="licence-of-ours"))


def on_disk(folder: str) -> bytes:
    return b"".join(
        os.fsencode(path) + (path.read_bytes() if path.is_file() else b"")
        for path in Path(folder).rglob("*")
    )


def test_no_word_of_it_is_on_disk_and_it_verifies_when_opened() -> None:
    plain = on_disk("salaries") + Path("salaries.seal").read_bytes()
    assert all(word in plain for word in WORDS)
    assert said("data", "encrypt", "salaries", "shut").code == 0
    found = on_disk("shut")
    assert [word for word in WORDS if word in found] == []
    got = said("data", "open", "shut", "opened")
    assert (got.code, got.out.startswith("opened/salaries: as sealed")) == (0, True)
    assert pipeline.verify_data("opened/salaries").counts == {}
    assert pipeline.verify_data("opened/salaries").notes == ()


def test_one_file_is_a_set_too() -> None:
    Path("one.csv").write_text("a\n1\n")
    pipeline.seal_data("one.csv")
    pipeline.encrypt_data("one.csv", "shut")
    assert pipeline.open_data("shut", "opened") == Path("opened/one.csv")
    assert pipeline.verify_data("opened/one.csv").counts == {}


def test_what_is_not_as_sealed_is_not_encrypted() -> None:
    Path("salaries/b.csv").write_text("name,label\nann,high\n")
    with pytest.raises(EvidenceError, match="other bytes"):
        pipeline.encrypt_data("salaries", "shut")
    Path("salaries.seal").unlink()
    with pytest.raises(InputError, match="seal"):
        pipeline.encrypt_data("salaries", "shut")
    assert not Path("shut").exists()


def test_a_file_changed_missing_extra_or_exchanged_opens_nothing() -> None:
    pipeline.encrypt_data("salaries", "shut")
    first, second = Path("shut/000000"), Path("shut/000001")
    kept = first.read_bytes(), second.read_bytes()

    def refused() -> None:
        with pytest.raises(EvidenceError):
            pipeline.open_data("shut", "opened")
        assert not Path("opened").exists()

    first.write_bytes(kept[0][:-1] + bytes([kept[0][-1] ^ 1]))
    refused()
    first.write_bytes(kept[1])
    second.write_bytes(kept[0])
    refused()
    second.unlink()
    refused()
    first.write_bytes(kept[0])
    second.write_bytes(kept[1])
    Path("shut/000009").write_bytes(b"more")
    refused()
    Path("shut/000009").unlink()
    pipeline.open_data("shut", "opened")


@pytest.mark.parametrize("name", ["../out.csv", "/tmp/out.csv", "a/../../out.csv", "", "a\0b"])
def test_a_name_that_leads_outside_is_refused(name: str) -> None:
    pipeline.encrypt_data("salaries", "shut")
    people = [load_recipient(Path(".modelkeep/keys/encryption.pub"))]
    labels = sorted(path.name for path in Path("shut").iterdir() if path.name != LIST)
    entry = {"name": os.fsencode(name).hex(), "sha256": "00" * 32}
    text = msgspec.json.encode({"data": b"x".hex(), "files": dict.fromkeys(labels, entry)})
    with Path("shut", LIST).open("wb") as sink:
        encrypt(MemorySource(text), sink, people)
    with pytest.raises(EvidenceError, match="outside"):
        pipeline.open_data("shut", "opened")
    assert not Path("opened").exists()


def test_what_is_no_encrypted_set_is_refused() -> None:
    with pytest.raises(InputError, match="no encrypted"):
        pipeline.open_data("salaries", "opened")
    with pytest.raises(InputError, match="within"):
        pipeline.encrypt_data("salaries", "salaries/shut")
