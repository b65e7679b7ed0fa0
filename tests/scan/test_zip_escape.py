"""ZIP002: members that would be written outside the directory they are unpacked into."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.zip_escape import DETECTOR
from samples import Entry, found_by, raw_zip, scan_bytes, zip_of


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


def test_a_symbolic_link_is_high() -> None:
    (finding,) = found_by(DETECTOR, raw_zip(Entry("link", b"/etc", mode=0o120777)))
    assert (finding.severity, finding.message) == (
        Severity.HIGH,
        "member 'link' is a symbolic link",
    )


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
    assert {finding.rule.id for finding in result.findings} == {"ZIP002"}
    assert "truncated" in result.reason
