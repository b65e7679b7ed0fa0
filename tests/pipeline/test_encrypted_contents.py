"""What is encrypted is known by its digest before it is decrypted."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

import check_samples as samples
from modelkeep import pipeline
from modelkeep.core import EvidenceError, InputError
from modelkeep.formats import MemorySource
from modelkeep.pipeline.encrypted_contents import (
    DATA_LIST,
    Contents,
    Entry,
    held_subject,
    inner_name,
    read_contents,
)
from modelkeep.sources import digest_artifact, open_artifact
from modelkeep.trust import Identity, encrypt, load_identity


@pytest.fixture
def identity(desk: samples.Sample) -> Identity:
    keep = desk.folder / ".modelkeep"
    pipeline.init_keep(keep, "dev").close()
    pipeline.encrypt_model(desk.model, "model.enc")
    return load_identity(keep / "keys" / "encryption.pem")


def test_file_and_directory_and_data_are_known_by_their_plain_digest(
    desk: samples.Sample, identity: Identity
) -> None:
    folder = samples.directory_of(Path("many"), b__bin=b"b", a__bin=b"a", z__bin=b"")
    pipeline.encrypt_model(folder, "many.enc")
    pipeline.seal_data(desk.data)
    pipeline.encrypt_data(desk.data, "data.enc")
    for plain, closed, kind in (
        (desk.model, "model.enc", "model"),
        (folder, "many.enc", "model"),
        (desk.data, "data.enc", "dataset"),
    ):
        found = held_subject(open_artifact(closed), identity)
        assert found.kind == kind
        assert found.digest.sha256 == digest_artifact(open_artifact(plain)).digest.sha256


def test_other_key_and_missing_list_are_errors(identity: Identity) -> None:
    with pytest.raises(InputError, match="not encrypted for this key"):
        held_subject(open_artifact("model.enc"), Identity.generate())
    samples.directory_of(Path("bare"), a__bin=Path("model.enc").read_bytes())
    with pytest.raises(EvidenceError, match="the list of its files is missing"):
        held_subject(open_artifact("bare"), identity)


@pytest.mark.parametrize("name", ["../up", "/etc/x", "a/../../b", "a\\b", "a\0b", ""])
def test_name_that_leads_out_of_the_set_is_refused(name: str) -> None:
    with pytest.raises(EvidenceError, match="outside of its set"):
        inner_name(name.encode().hex())
    with pytest.raises(EvidenceError, match="in no way that can be read"):
        inner_name("zz")


def test_list_that_is_none_or_of_other_files_is_refused(identity: Identity) -> None:
    for text, says in (
        (b"[", "cannot be read"),
        (msgspec.json.encode(Contents("61", {"0": Entry("61", "0" * 64)})), "left out"),
    ):
        folder = Path(says.replace(" ", "-"))
        folder.mkdir()
        with (folder / DATA_LIST).open("wb") as sink:
            encrypt(MemorySource(text), sink, [identity.recipient])
        with pytest.raises(EvidenceError, match=says):
            read_contents(open_artifact(folder), identity)
