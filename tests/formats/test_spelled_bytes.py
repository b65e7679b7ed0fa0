"""Streams packed into strings: what is one is handed out, prose and numbers are not."""

from __future__ import annotations

import base64
import time
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modelkeep.formats.text_payloads import payload_parts

from samples import PAYLOAD, VALID, bomb


def opened(value: object) -> list[tuple[str, bytes]]:
    found = payload_parts({"k": value}, "m")
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
