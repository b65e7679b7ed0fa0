"""ARC001: members that would be written outside the directory they are unpacked into."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.archive_escape import DETECTOR
from samples import Entry, found_by, raw_zip, scan_bytes, tar_of, zip_of


@pytest.mark.parametrize(
    "name",
    [
        *("/etc/passwd", "../up", "a/../../up", "a/..", "..", "C:/x", "c:x", "..\\up", "a\\b"),
        *("a\0.txt", "//host/share"),
    ],
)
def test_a_name_that_leaves_the_directory_is_high(tmp_path: Path, name: str) -> None:
    data = raw_zip(Entry("fine.txt"), Entry(name))
    (finding,) = found_by(DETECTOR, data)
    assert finding.severity is Severity.HIGH
    assert finding.evidence == {"member": name}
    assert finding.location.offset == 30 + len("fine.txt")
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("name", ["/etc/passwd", "../up", "a/../../up"])
def test_a_tar_is_judged_like_a_zip(tmp_path: Path, name: str) -> None:
    data = tar_of(("fine.txt", b"x"), (name, b"x"))
    (finding,) = found_by(DETECTOR, data)
    assert (finding.evidence, finding.location.offset) == ({"member": name}, 1024)
    assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


def test_a_second_name_of_a_member_counts() -> None:
    field = b"\1" + struct.pack("<I", zlib.crc32(b"a")) + b"../up"
    extra = struct.pack("<HH", 0x7075, len(field)) + field
    (finding,) = found_by(DETECTOR, raw_zip(Entry("a", b"x", extra=extra)))
    assert finding.evidence == {"member": "../up"}


def test_a_thousand_names_are_not_a_thousand_findings() -> None:
    assert len(found_by(DETECTOR, raw_zip(*(Entry(f"../{i}") for i in range(1000))))) == 20


@pytest.mark.parametrize(
    "name", ["a/b/c.txt", "..a", "a..b/c", "a/...", ".hidden", "folder/", "xy:z", "~/a", "é"]
)
def test_a_name_that_stays_is_left_alone(name: str) -> None:
    assert found_by(DETECTOR, raw_zip(Entry(name))) == []


def test_an_archive_within_an_archive_is_judged_too() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"in.zip": raw_zip(Entry("../up"))}))
    assert finding.location.member == "in.zip"


def test_an_archive_cut_short_fails_by_what_is_left(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, raw_zip(Entry("../up"))[:-1])
    assert {finding.rule.id for finding in result.findings} == {"ARC001"}
    assert "truncated" in result.reason
