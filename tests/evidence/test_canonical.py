"""Canonical JSON by the examples of RFC 8785, and times in one form only."""

from __future__ import annotations

import datetime as dt
import json

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import EvidenceError
from modelkeep.evidence import encode, parse_timestamp, timestamp

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15)  # from 2**53 on, a whole float is written as an integer
    | st.text(),
    lambda leaf: st.lists(leaf) | st.dictionaries(st.text(), leaf),
)


def test_example_of_rfc_8785_section_3_2_2() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '\u20ac$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert encode(value) == (
        b'{"literals":[null,true,false],'
        b'"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        b'"string":"\xe2\x82\xac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


def test_keys_are_sorted_by_utf_16_as_in_rfc_8785_section_3_2_3() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    ordered = ["\r", "1", "\u0080", "\u00f6", "\u20ac", "\U0001f600", "\ufb33"]
    assert list(json.loads(encode(dict.fromkeys(keys)))) == ordered


@given(json_values)
def test_canonical_json_reads_back_and_is_stable(value: object) -> None:
    data = encode(value)
    assert json.loads(data) == value
    assert encode(json.loads(data)) == data


@given(json_values)
def test_the_fast_way_writes_what_the_reference_writes(value: object) -> None:
    assert encode(value) == rfc8785.dumps(value)  # type: ignore[arg-type]  # plain data


def test_every_character_is_written_as_the_reference_writes_it() -> None:
    for at in range(0, 0x11000, 0x800):
        if not 0xD800 <= at < 0xE000:
            text = "".join(map(chr, range(at, at + 0x800)))
            assert encode({"text": text}) == rfc8785.dumps({"text": text})


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), 2**53, -(2**53), b"", {1: 2}, {1}, "\ud800"],
    ids=repr,
)
def test_what_json_cannot_carry_exactly_is_refused(value: object) -> None:
    with pytest.raises(EvidenceError, match="canonical JSON"):
        encode({"value": [value]})


def test_data_nested_without_end_is_refused() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]
    with pytest.raises(EvidenceError):
        encode(value)


def test_time_is_written_in_utc_to_the_second() -> None:
    east = dt.timezone(dt.timedelta(hours=5, minutes=30))
    moment = dt.datetime(2026, 11, 22, 1, 2, 3, 999_999, tzinfo=east)
    assert timestamp(moment) == "2026-11-21T19:32:03Z"


@given(st.datetimes(dt.datetime(1970, 1, 1), dt.datetime(9999, 12, 31)))  # noqa: DTZ001
def test_time_survives_writing_and_reading(moment: dt.datetime) -> None:
    utc = moment.replace(microsecond=0, tzinfo=dt.UTC)
    assert parse_timestamp(timestamp(utc)) == utc


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22T12:00:00+00:00",
        "2026-11-22T12:00:00.5Z",
        "2026-11-22t12:00:00z",
        "2026-11-31T12:00:00Z",
        "2026-11-22T12:00:60Z",
        " 2026-11-22T12:00:00Z",
        "2026-11-22T12:00:00Z\n",
        "2026-1-2T3:4:5Z",
        "\u0662\u0660\u0662\u0666-11-22T12:00:00Z",
        None,
        1_700_000_000,
    ],
)
def test_time_in_any_other_form_is_refused(text: object) -> None:
    with pytest.raises(EvidenceError, match="not a UTC time"):
        parse_timestamp(text)  # type: ignore[arg-type]  # JSON brings anything
