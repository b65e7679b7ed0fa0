"""Bytes spelled as text: every spelling is undone, ordinary words are passed over."""

from __future__ import annotations

import base64
import time
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.formats.spelled_bytes import spelled, unpack_base64
from samples import bomb

MARKS = (b"\x80\x04",)


@pytest.mark.parametrize(
    "spell",
    [bytes.hex, base64.b64encode, base64.b32encode, base64.b85encode, base64.a85encode],
)
def test_each_spelling_is_undone(spell: Callable[[bytes], bytes | str]) -> None:
    made = spell(bomb())
    text = made if isinstance(made, str) else made.decode()
    assert bomb() in list(spelled(text, MARKS))


def test_marks_lines_and_paddings_are_stepped_over() -> None:
    plain = base64.b64encode(bomb()).decode()
    for text in (f"data:a/b;base64,{plain}", plain.rstrip("="), f"{plain[:20]}\n{plain[20:]}"):
        assert bomb() in list(spelled(text, MARKS))
    assert bomb() in list(spelled(f"0x{bomb().hex()}", MARKS))


def test_compressed_and_twice_spelled_bytes_are_unpacked() -> None:
    packed = base64.b64encode(zlib.compress(bomb())).decode()
    assert bomb() in list(spelled(packed, MARKS))
    assert bomb() in list(spelled(base64.b64encode(base64.b64encode(bomb())).decode(), MARKS))


@pytest.mark.parametrize(
    "text", ["", "word", "an ordinary sentence", "tokenizer_config", "0" * 40]
)
def test_words_are_not_even_tried(text: str) -> None:
    assert list(spelled(text, MARKS)) == []


def test_base64_of_either_alphabet() -> None:
    assert unpack_base64("-_-_") == unpack_base64("+/+/") == b"\xfb\xff\xbf"
    assert unpack_base64("no base64!") is None


def test_millions_of_words_cost_little() -> None:
    start = time.process_time()
    for _ in range(100_000):
        assert not list(spelled("an_ordinary_name_of_a_weight", MARKS))
    assert time.process_time() - start < 5  # no hang; figures are for benchmarks


@given(st.text(max_size=80))
def test_any_text_is_tried_or_passed_over(text: str) -> None:
    assert all(isinstance(raw, bytes) for raw in spelled(text, None))
    assert all(isinstance(raw, bytes) for raw in spelled(text, MARKS))
