"""Which values of a model are files of their own, as they are or spelled as text."""

from __future__ import annotations

import base64
import pickle
import struct
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.formats import MemorySource
from modelkeep.formats.payloads import (
    document_in,
    is_stream,
    parts_of_gap,
    parts_of_map,
    parts_of_text,
    parts_of_tree,
)
from modelkeep.formats.tree import Tree
from samples import PAYLOAD, PLAIN, PROTOCOLS, VALID, bomb, zip_of

PE = b"MZ" + b"\0" * 58 + struct.pack("<I", 64) + b"PE\0\0"


@pytest.mark.parametrize(
    "data",
    [
        *(bomb(protocol) for protocol in PROTOCOLS if protocol >= 2),
        b"cposix\nsystem\n(S'true'\ntR.",
        bomb(4)[:-1],
        zip_of({"a": b"b"}),
        b"\x7fELF\x02\x01\x01" + b"\0" * 9,
        PE,
        b"\x1f\x8b\x08" + b"\0" * 20,
    ],
)
def test_a_stream_is_one(data: bytes) -> None:
    assert is_stream(MemorySource(data))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80\x04.",
        b"\x80\x03" + b"\0" * 20,
        b"MZ" + b"\0" * 70,
        b"MZ" * 40,
        b"cat\nsat on the\nmat.",
        b"can be read.\nyes.",
        b"words of a vocabulary",
        struct.pack("<8f", *range(8)),
    ],
)
def test_text_and_numbers_are_none(data: bytes) -> None:
    assert not is_stream(MemorySource(data))


@given(st.binary(max_size=80))
def test_any_bytes_are_judged(data: bytes) -> None:
    assert is_stream(MemorySource(data)) in (True, False)


@pytest.mark.parametrize("protocol", range(6))
def test_a_pickle_of_any_protocol_is_handed_out(protocol: int) -> None:
    assert document_in(bomb(protocol)) == bomb(protocol)
    plain = pickle.dumps(PLAIN, protocol)
    assert document_in(plain) == plain


@pytest.mark.parametrize("name", ["zip", "npy", "json", "yaml", "xml"])
def test_other_documents_are_handed_out(name: str) -> None:
    assert document_in(VALID[name]) == VALID[name]


def test_padding_behind_a_text_is_no_part_of_it() -> None:
    assert document_in(b'{"a": 1}\0\0\0') == b'{"a": 1}'
    assert document_in(PAYLOAD + b"\0\0") == PAYLOAD + b"\0\0"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_configuration_in_another_encoding_is_handed_out(encoding: str) -> None:
    text = '{"class_name": "Lambda"}'.encode(encoding)
    assert document_in(text) == text
    if "16" in encoding and encoding != "utf-16-be":
        assert document_in(text + b"\0" * 7) == text


@pytest.mark.parametrize("inner", [bomb(4), VALID["zip"]], ids=["pickle", "zip"])
def test_base64_is_undone(inner: bytes) -> None:
    assert document_in(base64.b64encode(inner)) == inner
    assert document_in(base64.encodebytes(inner) + b"\0") == inner
    assert document_in(b"gASV" + b"!!!!") is None


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"plain text.",
        b"2.15.0",
        b"A sentence.\nAnother.",
        b"\0" * 64,
        b"dense_1\0\0",
    ],
)
def test_plain_values_are_left_alone(value: bytes) -> None:
    assert document_in(value) is None


@given(st.binary(max_size=40))
def test_any_stored_bytes_are_judged(value: bytes) -> None:
    document_in(value)


def opened(value: object) -> list[tuple[str, bytes]]:
    found = parts_of_map({"k": value}, "m")
    return [(part.member, part.open().read(0, 1 << 20)) for part in found]


@pytest.mark.parametrize("data", [bomb(), VALID["zip"], VALID["npy"], PAYLOAD])
def test_base64_is_unpacked_whole(data: bytes) -> None:
    text = base64.encodebytes(data).decode()
    assert opened(text) == [("m.k", data)]
    assert opened(base64.urlsafe_b64encode(data).decode().rstrip("=")) == [("m.k", data)]


def test_hexadecimal_and_compressed_text_is_unpacked() -> None:
    assert opened(bomb().hex()) == [("m.k", bomb())]
    packed = base64.b64encode(zlib.compress(bomb())).decode()
    assert opened(packed) == [("m.k", bomb())]
    assert opened(base64.b64encode(b"x\x9c" + b"broken" * 4).decode()) == []
    zeros = base64.b64encode(zlib.compress(bytes(1 << 26))).decode()
    assert opened(zeros) == []


def test_code_is_named_as_code() -> None:
    assert opened("exec(open('a').read())") == [("m.k.py", b"exec(open('a').read())")]
    assert opened("import os") == [("m.k.py", b"import os")]


@pytest.mark.parametrize(
    "value",
    [None, 1, "", "word", "a" * 64, "0123456789abcdef" * 4, "import of goods", "see eval()!",
     "call f(x) then g(x)", "{", "[1, 2", "the (c) sign", 3.5, ["x"]],
)  # fmt: skip
def test_prose_hashes_and_numbers_are_passed_over(value: object) -> None:
    assert opened(value) == []


@pytest.mark.parametrize(
    "text", ["A" * (1 << 22), "(" * 60_000, "f(" * 30_000, "{" * (1 << 20)]
)
def test_no_text_is_slow(text: str) -> None:
    start = time.process_time()
    opened(text)
    assert time.process_time() - start < 30  # no hang; figures are for benchmarks


@given(
    st.text(max_size=60) | st.binary(max_size=60).map(lambda b: base64.b64encode(b).decode())
)
def test_any_text_is_passed_over_or_handed_out(text: str) -> None:
    assert len(opened(text)) <= 1


@pytest.mark.parametrize("spell", [base64.b64encode, base64.b85encode, base64.b32encode])
def test_a_spelled_pickle_in_a_text_of_a_tree_is_handed_out(
    spell: Callable[[bytes], bytes],
) -> None:
    tree = Tree({"a": ["x", spell(bomb()).decode()], "b": "a longer text without any"})
    (found,) = parts_of_tree(tree)
    assert (found.member, found.open().read(0, 1 << 20)) == ("a.1", bomb())


def test_metadata_may_be_a_list_of_texts() -> None:
    (found,) = parts_of_map({"k": ["word", bomb().hex()]}, "m")
    assert found.member == "m.k[1]"


@pytest.mark.parametrize("front", [b"", b"some notes ", b"\x80\x01\x80"])
def test_a_pickle_anywhere_in_a_gap_is_handed_out(front: bytes) -> None:
    (found,) = parts_of_gap(front + bomb(), "[comment]")
    assert found.open().read(0, 1 << 20) == bomb()


@pytest.mark.parametrize("raw", [b"", b"made by hand", b"\x80" * 5000, b"\x80\x04" * 500])
def test_a_gap_without_one_is_silent(raw: bytes) -> None:
    assert list(parts_of_gap(raw, "[comment]")) == []


@pytest.mark.parametrize(
    "text",
    [
        "gASVcmFuZG9tLWtleS1vZi1hLXNlcnZpY2U",
        "80049510" + "ab" * 28,
        base64.b64encode(struct.pack("<16f", *range(16))).decode(),
        "A sentence of several words, as people write them.",
    ],
)
def test_keys_digests_and_numbers_are_no_payload(text: str) -> None:
    assert list(parts_of_text(text, "k")) == []


def test_an_image_is_no_pickle_because_of_two_bytes() -> None:
    assert not is_stream(MemorySource(bytes([128, 3, 46, 46, 0, 9, 200, 12]) * 32))
