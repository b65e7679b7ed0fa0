"""Values that are documents themselves are told from plain ones by their bytes."""

from __future__ import annotations

import base64
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelkeep.formats.stored_value import document_in

from samples import PAYLOAD, PLAIN, VALID, bomb


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
    assert document_in(b"gASV" + b"!!!!") == b"gASV!!!!"


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
def test_any_bytes_are_judged(value: bytes) -> None:
    document_in(value)
