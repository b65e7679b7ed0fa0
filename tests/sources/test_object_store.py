"""Buckets: listed by prefix, read by ranges, and a clear word where that cannot be."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from modelkeep.core import InputError, MalformedArtifactError, MissingExtraError, UsageError
from modelkeep.sources import open_address

obstore = pytest.importorskip("obstore")
FILES = {"models/a.bin": b"0123456789", "models/deep/b.bin": b"", "models.txt": b"x"}


@pytest.fixture(params=["memory", "local"])
def bucket(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> object:
    """A store under every address."""
    store = (
        obstore.store.MemoryStore()
        if request.param == "memory"
        else obstore.store.LocalStore(tmp_path)
    )
    for name, data in FILES.items():
        obstore.put(store, name, data)
    monkeypatch.setattr(obstore.store, "from_url", lambda _: store)
    return store


@pytest.mark.parametrize(
    ("address", "names"),
    [
        ("s3://bucket", ["models/a.bin", "models/deep/b.bin", "models.txt"]),
        ("gs://bucket/models", ["models/a.bin", "models/deep/b.bin"]),
        ("az://bucket/models/deep/", ["models/deep/b.bin"]),
        ("s3://bucket/models.txt", ["models.txt"]),
    ],
)
def test_objects_under_a_prefix_are_listed(
    bucket: object, address: str, names: list[str]
) -> None:
    assert bucket
    remote = open_address(address)
    assert list(remote.files) == names
    assert dict(remote.sizes) == {name: len(FILES[name]) for name in names}


def test_objects_are_read_by_ranges(bucket: object) -> None:
    assert bucket
    source = open_address("s3://bucket/models").open("models/a.bin")
    assert (source.read(3, 4), source.read(8, 100)) == (b"3456", b"89")


def test_nothing_under_a_prefix_is_an_input_error(bucket: object) -> None:
    assert bucket
    with pytest.raises(InputError, match="nothing-here"):
        open_address("s3://bucket/nothing-here")


def test_object_that_went_away_is_unreadable(bucket: object) -> None:
    source = open_address("s3://bucket/models").open("models/a.bin")
    obstore.delete(bucket, "models/a.bin")
    with pytest.raises(MalformedArtifactError, match="could not be fetched"):
        source.read(0, 10)


def test_address_without_a_bucket_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="names no bucket"):
        open_address("s3:///models")


def test_unknown_scheme_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="'ftp' is not known"):
        open_address("ftp://host/a")


def test_missing_library_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(MissingExtraError) as caught:
        open_address("s3://bucket/models")
    assert "modelkeep[cloud]" in caught.value.hint
