"""PKL007: attributes planted in an instance that Python looks up."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.pickle_state_key import DETECTOR
from samples import PROTOCOLS, found_by, scan_bytes

NAMESPACE = b"\x80\x02ctypes\nSimpleNamespace\n)\x81"


def text(value: str) -> bytes:
    return b"X" + len(value).to_bytes(4, "little") + value.encode()


def planted(key: str) -> bytes:
    return NAMESPACE + b"}" + text(key) + b"cbuiltins\nlen\nsb."


@pytest.mark.parametrize(
    "key", ["__setstate__", "__class__", "__reduce__", "__reduce_ex__", "__call__", "__dict__"]
)
def test_a_special_attribute_is_planted(tmp_path: Path, key: str) -> None:
    """Every name here is listed, so that no other rule would fail the file."""
    (finding,) = found_by(DETECTOR, planted(key))
    assert finding.severity is Severity.HIGH
    assert finding.evidence == {"target": "types.SimpleNamespace()", "key": key}
    assert scan_bytes(tmp_path, planted(key)).verdict is Verdict.FAIL


def test_it_is_found_among_others_in_slots_and_in_front_of_a_broken_tail() -> None:
    many = b"(" + text("a") + b"K\x01" + text("__setstate__") + b"cbuiltins\nlen\nu"
    assert len(found_by(DETECTOR, NAMESPACE + b"}" + many + b"b\xff")) == 1
    assert len(found_by(DETECTOR, NAMESPACE + b"N}" + many + b"\x86b.")) == 1


class Point:
    """Has ordinary attributes, some of them written by ``typing`` and ``torch.jit``."""

    def __init__(self) -> None:
        self.x, self._y, self.__z = 1, 2, 3
        self.__orig_class__ = int
        self.__overloads__ = {}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_ordinary_attributes_are_left_alone(protocol: int) -> None:
    assert found_by(DETECTOR, pickle.dumps(Point(), protocol)) == []


def test_the_state_of_pydantic_models_is_left_alone() -> None:
    keys = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")
    body = b"".join(text(key) + b"N" for key in keys)
    assert found_by(DETECTOR, b"\x80\x02cmy\nModel\n)\x81}(" + body + b"ub.") == []


def filled(key: str, opcodes: bytes, value: bytes = b"cbuiltins\nlen\n") -> bytes:
    return NAMESPACE + b"}" + text(key) + value + b"sb" + opcodes + b"."


@pytest.mark.parametrize(
    ("key", "opcodes"),
    [
        ("append", b"K\x01a"),
        ("extend", b"(K\x01e"),
        ("append", b"(K\x01e"),
        ("add", b"(K\x01\x90"),
    ],
)
def test_filling_calls_a_planted_method(tmp_path: Path, key: str, opcodes: bytes) -> None:
    (finding,) = found_by(DETECTOR, filled(key, opcodes))
    assert finding.severity is Severity.HIGH
    assert "call a method that BUILD gave it" in finding.message
    assert scan_bytes(tmp_path, filled(key, opcodes)).verdict is Verdict.FAIL


def test_data_of_that_name_and_a_method_that_is_never_called_are_left_alone() -> None:
    assert found_by(DETECTOR, filled("append", b"K\x01a", b"\x88")) == []
    assert found_by(DETECTOR, filled("append", b"")) == []
    assert found_by(DETECTOR, filled("append", b"K\x01K\x02s")) == []


def test_a_key_that_is_put_together_and_cannot_be_worked_out() -> None:
    codec = b"c_codecs\nencode\n" + text("x") + text("koi8_r") + b"\x86R"
    key = b"cbuiltins\nstr\n" + codec + text("koi8_r") + b"\x86R"
    state = b"}" + key + b"cbuiltins\nlen\ns"
    assert len(found_by(DETECTOR, NAMESPACE + state + b"b.")) == 1
