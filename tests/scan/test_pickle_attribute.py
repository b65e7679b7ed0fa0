"""PKL008: attributes looked up while loading."""

from __future__ import annotations

import operator
import pickle
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_attribute import DETECTOR
from samples import PROTOCOLS, found_by, scan_bytes

GETATTR = b"cbuiltins\ngetattr\n("
DICT = b"ccollections\nOrderedDict\n(tR"


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


REACHING = {
    "class of an instance": DICT + text("__class__"),
    "dictionary of an instance": DICT + text("__dict__"),
    "subclasses": DICT + text("__subclasshook__"),
    "name that is not known": DICT + b"ccollections\nCounter\n(tR",
    "class of a list": b"]" + text("__class__"),
}


@pytest.mark.parametrize("trick", REACHING)
def test_a_lookup_leads_out_of_the_data(tmp_path: Path, trick: str) -> None:
    data = GETATTR + REACHING[trick] + b"tR."
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.HIGH
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_a_method_of_an_instance_is_told_and_passes_until_it_is_called(tmp_path: Path) -> None:
    stored = GETATTR + DICT + text("update") + b"tR"
    (finding,) = found_by(DETECTOR, stored + b".")
    assert finding.severity is Severity.MEDIUM
    assert finding.evidence == {"attribute": "collections.OrderedDict().update"}
    assert scan_bytes(tmp_path, stored + b".").verdict is Verdict.PASS
    assert scan_bytes(tmp_path, stored + b"(tR.").verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("holder", "name"),
    [("os", "system"), ("builtins", "eval"), ("torch", "hub"), ("sklearn", "__loader__")],
)
def test_a_lookup_of_an_import_is_judged_as_an_import(
    tmp_path: Path, holder: str, name: str
) -> None:
    data = GETATTR + f"c{holder}\npath\n".encode() + text(f"{name}") + b"tR(tR."
    assert found_by(DETECTOR, data) == []
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_getter_may_be_stored_and_not_called(tmp_path: Path, protocol: int) -> None:
    for getter in (operator.attrgetter("name.first"), operator.methodcaller("lower")):
        data = pickle.dumps(getter, protocol)
        (finding,) = found_by(DETECTOR, data)
        assert finding.severity is Severity.MEDIUM
        assert scan_bytes(tmp_path, data).verdict is Verdict.PASS
        assert scan_bytes(tmp_path, data[:-1] + b"(" + DICT + b"tR.").verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ["__class__", "x.__globals__", "a b"])
def test_a_getter_that_reaches_out_is_high(name: str) -> None:
    for getter in ("attrgetter", "methodcaller"):
        data = f"coperator\n{getter}\n(".encode() + text(name) + b"tR."
        (finding,) = found_by(DETECTOR, data)
        assert finding.severity is Severity.HIGH


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_listed_method_is_left_alone(tmp_path: Path, protocol: int) -> None:
    data = pickle.dumps([str.lower, str.upper], protocol)
    assert found_by(DETECTOR, data) == []
    assert scan_bytes(tmp_path, data).findings == ()
