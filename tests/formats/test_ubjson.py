"""UBJSON: a document is whole, shallow and alone, or it is refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import LimitExceededError, MalformedArtifactError, ModelkeepError
from modelkeep.formats import MemorySource
from modelkeep.formats.ubjson import check, looks_like
from samples import UBJSON, budget, mutants, prefixes, ubj_key

HUGE = b"L" + struct.pack(">q", (1 << 63) - 1)


def walk(data: bytes, **limits: int) -> None:
    check(MemorySource(data), budget(**limits))


@pytest.mark.parametrize(
    "document",
    [
        UBJSON,
        b"{}",
        b"[]",
        b"[#U\0",
        b"{#U\1" + ubj_key("a") + b"Z",
        b"{$i#U\2" + ubj_key("a") + b"\1" + ubj_key("b") + b"\2",
        b"[$S#U\2" + ubj_key("a") + ubj_key("b"),
        b"[$[#U\2]Z]",
        b"[$T#" + HUGE,
        b"SU\3abc",
        b"HU\x0212",
        b"[ZNTFi\1U\1I\1\2l\1\2\3\4L12345678d1234D12345678Cx]",
    ],
)
def test_a_whole_document_is_accepted(document: bytes) -> None:
    walk(document)


def test_what_xgboost_saves_is_accepted() -> None:
    xgboost = pytest.importorskip("xgboost")
    data = xgboost.DMatrix([[0.0], [1.0], [2.0], [3.0]], label=[0, 0, 1, 1])
    booster = xgboost.train({"max_depth": 2, "nthread": 1}, data, num_boost_round=2)
    raw = bytes(booster.save_raw("ubj"))
    assert looks_like(MemorySource(raw))
    walk(raw)


def test_a_document_cut_short_anywhere_is_malformed() -> None:
    for data in prefixes(UBJSON):
        with pytest.raises(MalformedArtifactError):
            walk(data)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"{}Z", "bytes follow"),
        (b"?", "unknown UBJSON marker"),
        (b"[$i]", "without a count"),
        (b"[#T", "not a number"),
        (b"[#i\xff", "negative"),
        (b"Si\xffa", "negative"),
        (b"S" + HUGE, "ends behind the file"),
        (b"[$d#" + HUGE, "ends behind the file"),
        (b"[#" + HUGE, "the file ends"),
        (b"{$Z#" + HUGE, "the file ends"),
        (b"[$$#U\1", "unknown UBJSON marker"),
    ],
)
def test_what_the_format_does_not_allow_is_malformed(document: bytes, problem: str) -> None:
    with pytest.raises(MalformedArtifactError, match=problem):
        walk(document)


@pytest.mark.parametrize("opening", [b"[", b"{" + ubj_key("a"), b"[$[#U\1"])
def test_a_document_too_deep_is_a_limit_not_a_crash(opening: bytes) -> None:
    with pytest.raises(LimitExceededError, match="deeper than 64"):
        walk(opening * 50_000)


def test_values_count_as_operations() -> None:
    walk(b"[ZZZ]", operations=3)
    with pytest.raises(LimitExceededError):
        walk(b"[ZZZZ]", operations=3)


def test_only_an_object_with_a_sized_key_looks_like_it() -> None:
    assert looks_like(MemorySource(UBJSON))
    assert not any(looks_like(MemorySource(d)) for d in (b"", b"{", b'{"a": 1}', b"[i\1]"))


@given(st.binary(max_size=200).map(b"{".__add__) | mutants("ubjson"))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        walk(data)
    except ModelkeepError:
        return
    with pytest.raises(MalformedArtifactError):
        walk(data + b"Z")
