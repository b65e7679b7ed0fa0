"""Streams: every place where bytes hide is read, and what was read before an error stays."""

from __future__ import annotations

import gzip
import io
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.formats import Limits
from modelkeep.formats.onnx_model import Operator
from modelkeep.formats.pickle_events import Import, PickleDocument, Use
from samples import (
    VALID,
    Entry,
    bomb,
    mutants,
    node,
    npy_of,
    onnx_of,
    raw_zip,
    read_streams,
    zip_of,
)

PLAIN = pickle.dumps([1], 4)
ORDERED = b"\x80\x02ccollections\nOrderedDict\n."


def places(data: bytes) -> list[tuple[str | None, str]]:
    return [(s.location.member, s.format) for s in read_streams(data)]


def test_a_plain_file_is_one_stream() -> None:
    (stream,) = read_streams(b"text", name="README.md")
    assert (str(stream.location), stream.format, stream.error) == ("README.md", "text", None)
    assert places(b"") == [(None, "empty")]


def test_streams_come_before_what_they_lie_in() -> None:
    inner = zip_of({"x.pkl": PLAIN, "y": b"\xff"})
    data = zip_of(
        {"a.zip": inner, "b.txt": b"text", "folder/": b""}, method=zipfile.ZIP_DEFLATED
    )
    assert places(data) == [
        ("a.zip!x.pkl", "pickle"),
        ("a.zip!y", "unread:unknown binary content"),
        ("a.zip", "zip"),
        ("b.txt", "text"),
        (None, "zip"),
    ]


def test_pickles_in_a_row_are_one_stream() -> None:
    (stream,) = read_streams(ORDERED + pickle.dumps(2, 0) + bomb())
    assert isinstance(stream.document, PickleDocument)
    first, second = (e for e in stream.document.events if isinstance(e, Import))
    assert (first.dotted, first.offset) == ("collections.OrderedDict", 2)
    assert (second.name, second.offset > len(ORDERED)) == ("system", True)
    assert stream.document.end == stream.source.size


def test_the_same_import_is_kept_once_and_distinct_ones_count_as_entries() -> None:
    (stream,) = read_streams(
        b"\x80\x02" + b"cos\nsystem\n0" * 99 + b"N.", limits=Limits(entries=2)
    )
    assert isinstance(stream.document, PickleDocument)
    assert (stream.error, len(stream.document.events)) == (None, 1)
    names = b"".join(b"cos\nf%d\n0" % i for i in range(99))
    (stream,) = read_streams(b"\x80\x02" + names + b"N.", limits=Limits(entries=50))
    assert "more than 50 entries" in str(stream.error)


@pytest.mark.parametrize(
    ("tail", "kind"),
    [
        (b"\xff\xff", "unread:unknown binary content"),
        (b"PAR1\x15\0\x15\0", "unread:Parquet"),
        (b"hello", "text"),
        (VALID["safetensors"], "safetensors"),
        (VALID["npy"], "npy"),
        (b'{"a": 1}', "json"),
    ],
)
def test_what_follows_a_pickle_is_read_as_what_it_is(tail: bytes, kind: str) -> None:
    assert places(PLAIN + tail) == [("trailing", kind), (None, "pickle")]


def test_objects_of_an_array_are_a_pickle() -> None:
    data = npy_of(np.array([{"a": 1}], dtype=object))
    assert places(data) == [("objects", "pickle"), (None, "npy")]
    out = io.BytesIO()
    np.savez(out, a=np.array([None]), b=np.ones(2))
    assert places(out.getvalue()) == [
        ("a.npy!objects", "pickle"),
        ("a.npy", "npy"),
        ("b.npy", "npy"),
        (None, "zip"),
    ]


def test_storage_of_a_torch_archive_is_not_guessed_at() -> None:
    data = zip_of(
        {
            "m/data.pkl": PLAIN,
            "m/data/0": b"\x80\x04\xff",
            "m/data/x": PLAIN,
            "m/version": b"3\n",
        }
    )
    assert dict(places(data)) == {
        None: "zip",
        "m/data.pkl": "pickle",
        "m/data/0": "tensor data",
        "m/data/x": "pickle",
        "m/version": "text",
    }


def test_a_member_that_only_ends_like_torchs_pickle_makes_no_storage() -> None:
    data = zip_of({"mydata.pkl": PLAIN, "mydata/0": bomb()})
    assert dict(places(data))["mydata/0"] == "pickle"


def test_without_a_torch_pickle_numbered_members_are_read() -> None:
    assert places(zip_of({"data/0": PLAIN})) == [("data/0", "pickle"), (None, "zip")]


def test_bytes_outside_every_member_are_streams_of_their_own() -> None:
    data = PLAIN + raw_zip(Entry("a"), Entry("x", gap=bomb())) + PLAIN
    found = places(data)
    offsets = (0, data.index(bomb()), len(data) - len(PLAIN))
    assert {(f"[{offset:#x}]", "pickle") for offset in offsets} <= set(found)
    assert {kind for member, kind in found if member is None} == {"pickle", "zip"}


def test_bytes_of_a_member_named_like_a_folder_are_read() -> None:
    assert ("evil/", "pickle") in places(raw_zip(Entry("evil/", bomb())))


def test_a_member_that_cannot_be_read_does_not_hide_the_others() -> None:
    data = bytearray(raw_zip(Entry("bad", b"x"), Entry("good", bomb())))
    data[8] = data[data.index(b"PK\1\2") + 10] = 98
    bad, good, outer = read_streams(bytes(data))
    assert "method 98" in str(bad.error)
    assert (bad.location.member, good.location.member) == ("bad", "good")
    assert (good.format, outer.format) == ("pickle", "zip")


def test_a_damaged_member_is_noted_and_still_read() -> None:
    inner, outer = read_streams(raw_zip(Entry("a", bomb(), crc=1)))
    assert outer.reading.lies == [(0, "member 'a' does not match its CRC")]
    assert inner.format == "pickle"


def test_what_was_reached_before_an_error_stays() -> None:
    (stream,) = read_streams(bomb()[:-1] + b"\xff")
    assert stream.error is not None
    assert isinstance(stream.document, PickleDocument)
    assert [type(e) for e in stream.document.events] == [Import, Use]
    (model,) = read_streams(onnx_of(nodes=[node("PyOp")])[:-1])
    assert model.error is not None
    assert model.document == [Operator("", "PyOp", 6)]


def test_nesting_ends_at_the_limit_with_an_error() -> None:
    data = bomb()
    for _ in range(3):
        data = zip_of({"a": data})
    assert [s.format for s in read_streams(data)] == ["pickle", "zip", "zip", "zip"]
    first, *_ = read_streams(data, limits=Limits(depth=2))
    assert (first.location.member, str(first.error)) == ("a!a!a", "nested deeper than 2")


def test_streams_of_one_file_share_one_budget() -> None:
    data = zip_of(dict.fromkeys("abcdefgh", PLAIN))
    assert not any(s.error for s in read_streams(data, limits=Limits(entries=17)))
    assert any(s.error for s in read_streams(data, limits=Limits(entries=16)))


@pytest.mark.filterwarnings("ignore:invalid escape sequence:DeprecationWarning")
@settings(max_examples=200)
@given(st.binary(max_size=100) | mutants("pickle", "zip", "s", "n", "o", "j", "u"))
def test_any_bytes_become_streams(data: bytes) -> None:
    found = read_streams(data)
    assert found[-1].location.member is None
    assert found[-1].source.size == len(data)


def test_what_is_packed_is_called_like_its_file_without_the_last_suffix() -> None:
    text = b"name: x\n"
    (inner, _) = read_streams(gzip.compress(text), name="folder/conf.yaml.gz")
    assert inner.format == "yaml"
    (inner, _) = read_streams(gzip.compress(b"plain words"), name="notes.txt.gz")
    assert inner.format == "text"
