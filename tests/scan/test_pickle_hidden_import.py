"""PKL002: a name that only running the stream would reveal."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_hidden_import import DETECTOR
from samples import PROTOCOLS, bomb, found_by, scan_bytes, zip_of

HIDDEN = {
    "computed module": b"\x80\x04ccollections\nOrderedDict\n)R\x8c\x06system\x93)R.",
    "computed name": b"\x80\x04\x8c\x02osccollections\nOrderedDict\n)R\x93)R.",
    "bytes for text": b"\x80\x04C\x02osC\x06system\x93)R.",
    "persistent id": b"\x80\x04NQ\x8c\x06system\x93.",
    "EXT1": b"\x80\x02\x82\x07)R.",
    "EXT2": b"\x80\x02\x83\x07\0)R.",
    "EXT4": b"\x80\x02\x84\x07\0\0\0)R.",
}


@pytest.mark.parametrize("trick", HIDDEN)
def test_a_name_is_hidden_by(trick: str) -> None:
    (finding,) = found_by(DETECTOR, HIDDEN[trick])
    assert finding.severity is Severity.HIGH
    assert "?" in finding.evidence["import"]
    assert finding.evidence["opcode"].startswith(("STACK_GLOBAL", "EXT code 7"))


@pytest.mark.parametrize("trick", HIDDEN)
def test_a_hidden_name_fails_the_file(tmp_path: Path, trick: str) -> None:
    assert scan_bytes(tmp_path, HIDDEN[trick]).verdict is Verdict.FAIL
    assert scan_bytes(tmp_path, zip_of({"data.pkl": HIDDEN[trick]})).verdict is Verdict.FAIL


def test_it_is_reported_in_front_of_a_broken_tail() -> None:
    assert len(found_by(DETECTOR, HIDDEN["EXT1"][:-1] + b"\xff")) == 1


def test_a_name_read_through_the_memo_is_not_hidden() -> None:
    data = b"\x80\x04\x8c\x02os\x94\x8c\x06system\x9400h\0h\1\x93)R."
    assert found_by(DETECTOR, data) == []


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_name_in_plain_sight_is_left_to_the_other_rule(protocol: int) -> None:
    assert found_by(DETECTOR, bomb(protocol)) == []


@given(
    st.dictionaries(st.text(), st.sets(st.integers()) | st.binary()), st.sampled_from(PROTOCOLS)
)
def test_plain_data_hides_nothing(value: object, protocol: int) -> None:
    assert found_by(DETECTOR, pickle.dumps(value, protocol)) == []
