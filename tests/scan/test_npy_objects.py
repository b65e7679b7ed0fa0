"""NPY001: an array that is a pickle under another name."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.npy_objects import DETECTOR
from samples import Bomb, bomb, found_by, npy_header, npy_of, npy_with, scan_bytes


@pytest.mark.parametrize(
    "array",
    [
        np.array([{"a": 1}], dtype=object),
        np.array([(1, "x")], dtype=[("n", "i4"), ("o", "O")]),
        np.array(None, dtype=object),
    ],
    ids=["objects", "a field of objects", "one object"],
)
def test_an_array_of_objects_is_medium(array: np.ndarray) -> None:
    data = npy_of(array)
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.MEDIUM
    assert data[finding.location.offset :].startswith(b"\x80")


@pytest.mark.parametrize("descr", ["object", "i4,object", {"xO": 1}], ids=str)
def test_an_object_type_spelt_another_way_is_one_all_the_same(descr: object) -> None:
    assert len(found_by(DETECTOR, npy_with(npy_header(descr), bomb()))) == 1


def test_what_the_objects_would_import_is_judged_by_the_pickle_rules(tmp_path: Path) -> None:
    array = np.array([Bomb()], dtype=object)
    result = scan_bytes(tmp_path, npy_of(array))
    assert result.verdict is Verdict.FAIL
    assert {(f.rule.id, f.location.member) for f in result.findings} == {
        ("NPY001", None),
        ("PKL001", "objects"),
    }


def test_an_array_in_a_npz_is_judged_too() -> None:
    out = io.BytesIO()
    np.savez(out, w=np.ones(3), o=np.array([{}], dtype=object))
    (finding,) = found_by(DETECTOR, out.getvalue())
    assert finding.location.member == "o.npy"


@pytest.mark.parametrize(
    "array",
    [
        np.ones((2, 3), "f4"),
        np.array(["a", "bc"]),
        np.array(["2026-01-01"], dtype="M8[D]"),
        np.zeros(2, dtype=[("Offset", "<f4"), ("n", "<i8", (2,))]),
        np.zeros(0),
    ],
    ids=["floats", "text", "dates", "fields", "empty"],
)
def test_an_array_of_numbers_is_left_alone(tmp_path: Path, array: np.ndarray) -> None:
    result = scan_bytes(tmp_path, npy_of(array))
    assert (result.verdict, result.findings) == (Verdict.PASS, ())


def test_a_truncated_array_is_inconclusive(tmp_path: Path) -> None:
    for data in (npy_of(np.ones(3))[:-1], npy_of(np.array([{}], dtype=object))[:-1]):
        assert scan_bytes(tmp_path, data).verdict is Verdict.INCONCLUSIVE
