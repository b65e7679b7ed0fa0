"""PKL003: state given to something imported instead of to an instance."""

from __future__ import annotations

import collections
import pickle
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_build import DETECTOR
from samples import PROTOCOLS, found_by, scan_bytes

COUNTER = b"\x80\x04ccollections\nCounter\n"
STATE = b"N}\x8c\x01aK\x01s\x86b"
OVERWRITING = {
    "class": COUNTER + STATE + b".",
    "class from the memo": COUNTER + b"q\0" + b"0h\0" + STATE + b".",
    "copy of the class": COUNTER + b"2" + STATE + b".",
    "class by STACK_GLOBAL": b"\x80\x04\x8c\x0bcollections\x8c\x07Counter\x93" + STATE + b".",
    "class filled with nothing (APPENDS)": COUNTER + b"(e" + STATE + b".",
    "class filled with nothing (SETITEMS)": COUNTER + b"(u" + STATE + b".",
    "class filled with nothing (ADDITEMS)": COUNTER + b"(\x90" + STATE + b".",
}


@pytest.mark.parametrize("how", OVERWRITING)
def test_attributes_are_overwritten_of_a(tmp_path: Path, how: str) -> None:
    """Every name here is allowed, so that no other rule would fail the file."""
    (finding,) = found_by(DETECTOR, OVERWRITING[how])
    assert finding.severity is Severity.CRITICAL
    assert finding.evidence == {"import": "collections.Counter"}
    assert scan_bytes(tmp_path, OVERWRITING[how]).verdict is Verdict.FAIL


def test_each_overwritten_name_is_reported_once_where_it_first_stands() -> None:
    found = found_by(DETECTOR, COUNTER + b"}b}b0cuuid\nUUID\n}b.")
    assert [(f.location.offset, f.evidence["import"]) for f in found] == [
        (len(COUNTER) + 1, "collections.Counter"),
        (len(COUNTER) + 5 + len(b"cuuid\nUUID\n}"), "uuid.UUID"),
    ]


def test_it_is_reported_in_front_of_a_broken_tail() -> None:
    assert len(found_by(DETECTOR, COUNTER + STATE + b"\xff")) == 1


class Point:
    """Restored by giving state to a new instance, as most objects are."""

    def __init__(self) -> None:
        self.x = 1


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_state_of_an_instance_is_left_alone(protocol: int) -> None:
    data = pickle.dumps([Point(), collections.deque([Point()]), Point], protocol)
    assert found_by(DETECTOR, data) == []


@pytest.mark.parametrize("opcodes", [b"K\x01K\x02s", b"(K\x01K\x02u", b"K\x01a", b"(K\x01e"])
def test_items_are_put_into_an_import(tmp_path: Path, opcodes: bytes) -> None:
    data = b"\x80\x02c__main__\nSETTINGS\n" + opcodes + b"."
    (finding,) = found_by(DETECTOR, data)
    assert finding.message == "would put values into __main__.SETTINGS"
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_items_of_what_the_file_makes_are_left_alone(protocol: int) -> None:
    made = [collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), {1}, [2]]
    assert found_by(DETECTOR, pickle.dumps(made, protocol)) == []
