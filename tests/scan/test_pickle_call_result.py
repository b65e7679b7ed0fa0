"""PKL005: something is called that stands nowhere in the file."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_call_result import DETECTOR
from samples import PROTOCOLS, found_by, scan_bytes

PARTIAL = b"cfunctools\npartial\n(cbuiltins\nlen\ntR"
CALLED = {
    "partial": PARTIAL + b"(X\x01\0\0\0atR.",
    "partial from the memo": PARTIAL + b"q\0" + b"0h\0(tR.",
    "partial by OBJ": b"(" + PARTIAL + b"o.",
    "item of a tuple": b"coperator\nitemgetter\n(K\0tR(((tttR(tR.",
    "instance": b"\x80\x02cnumpy\npoly1d\n(]tR(K\x01tR.",
    "partial by NEWOBJ": b"\x80\x02" + PARTIAL + b")\x81.",
}


@pytest.mark.parametrize("trick", CALLED)
def test_a_result_is_called(tmp_path: Path, trick: str) -> None:
    """Every name here is listed for its own use, so that no other rule would fail the file."""
    found = found_by(DETECTOR, CALLED[trick])
    assert {finding.severity for finding in found} == {Severity.HIGH}
    assert all(finding.evidence["callee"].endswith("()") for finding in found)
    assert scan_bytes(tmp_path, CALLED[trick]).verdict is Verdict.FAIL


def test_a_function_that_calls_its_argument_is_seen_through() -> None:
    data = b"ctorch._tensor\n_rebuild_from_type_v2\n(" + PARTIAL + b"ctorch\nTensor\n)NtR."
    (finding,) = found_by(DETECTOR, data)
    assert finding.evidence == {"callee": "functools.partial()"}


def test_each_result_is_reported_once_also_in_front_of_a_broken_tail() -> None:
    data = PARTIAL + b"q\0(tR" + b"0h\0(K\x01tR" + b"\xff"
    assert len(found_by(DETECTOR, data)) == 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_partial_that_is_only_stored_is_left_alone(protocol: int) -> None:
    data = pickle.dumps([functools.partial(len), functools.partial(int, base=2)], protocol)
    assert found_by(DETECTOR, data) == []


@pytest.mark.parametrize("persistent", [b"Pone\n", b"X\x01\0\0\0xQ"])
def test_what_a_persistent_id_stands_for_is_called(tmp_path: Path, persistent: bytes) -> None:
    data = b"\x80\x02" + persistent + b"(X\x04\0\0\0truetR."
    assert len(found_by(DETECTOR, data)) == 1
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL
