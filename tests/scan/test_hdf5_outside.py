"""HDF001: links and values from other files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hdf5_files import FILES
from modelkeep.core import Severity, Verdict
from modelkeep.scan.hdf5_outside import DETECTOR
from samples import found_by, scan_bytes, zip_of


@pytest.mark.parametrize("name", ["outside old", "outside latest"])
def test_places_outside_the_file_are_high(tmp_path: Path, name: str) -> None:
    found = found_by(DETECTOR, FILES[name])
    assert {f.severity for f in found} == {Severity.HIGH}
    files = {f.evidence["kind"]: f.evidence["file"] for f in found}
    assert files["external link"] == "/etc/passwd"
    assert files["external storage"] == "/etc/shadow"
    assert (files.get("virtual dataset") == "../other.h5") is (name == "outside latest")
    assert scan_bytes(tmp_path, FILES[name], name="m.h5").verdict is Verdict.FAIL


def test_weights_in_a_keras_archive_are_judged_too() -> None:
    found = found_by(DETECTOR, zip_of({"model.weights.h5": FILES["outside old"]}))
    assert {f.location.member for f in found} == {"model.weights.h5"}


def test_a_file_beside_it_is_part_of_the_model() -> None:
    near = FILES["outside old"].replace(b"/etc/passwd", b"shard_00.h5")
    assert b"shard_00.h5" in near
    kinds = {f.evidence["kind"] for f in found_by(DETECTOR, near, root=("shard_00.h5",))}
    assert kinds == {"external storage"}
    assert len(found_by(DETECTOR, near)) == 2


@pytest.mark.parametrize("name", [n for n in FILES if not n.startswith("outside")])
def test_files_that_stand_alone_are_silent(name: str) -> None:
    assert found_by(DETECTOR, FILES[name]) == []
