"""ZIP001: an archive that shows one thing to one reader and another to the next."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.core import Severity, Verdict
from modelkeep.scan.zip_views import DETECTOR
from samples import Entry, bomb, found_by, raw_zip, scan_bytes, zip_of

A = Entry("a.txt", b"first")
MEMBER = raw_zip(Entry("data.pkl", b"x")).partition(b"PK\1\2")[0]
FORGED = {
    "names differ": raw_zip(Entry("data.pkl", b"x", local_name="evil.pkl")),
    "duplicate member": raw_zip(A, Entry("a.txt", b"other")),
    "wrong CRC": raw_zip(Entry("a.txt", b"first", crc=1)),
    "encryption flag": raw_zip(Entry("a.txt", b"first", flags=1)),
    "prefix": b"\xff\xfe\xfd" + raw_zip(A),
    "tail": raw_zip(A) + b"\xff\xfe\xfd",
    "unlisted member": raw_zip(A, Entry("b", b"x", listed=False), Entry("c", b"y")),
    "overlap": raw_zip(A, Entry("b", b"first", offset=0, stored=False)),
    "miscounted": raw_zip(
        Entry("notes.txt", b"-" + MEMBER),
        Entry("data.pkl", b"x", offset=40, stored=False),
        count=1,
    ),
    "folder with bytes": raw_zip(Entry("folder/", b"bytes")),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_forged_archive_fails(tmp_path: Path, forgery: str) -> None:
    found = found_by(DETECTOR, FORGED[forgery])
    assert found
    assert all(f.severity is Severity.HIGH and f.message == f.evidence["what"] for f in found)
    assert scan_bytes(tmp_path, FORGED[forgery]).verdict is Verdict.FAIL


def test_the_place_is_the_member_that_lies() -> None:
    (finding,) = found_by(DETECTOR, raw_zip(A, Entry("b", b"x", crc=1)))
    assert finding.location.offset == 30 + len("a.txt") + len(b"first")


def test_an_archive_within_an_archive_is_judged_too() -> None:
    data = zip_of({"in.zip": FORGED["wrong CRC"]}, method=zipfile.ZIP_DEFLATED)
    (finding,) = found_by(DETECTOR, data)
    assert (finding.location.member, finding.location.offset) == ("in.zip", 0)


def test_an_unlisted_member_is_read_all_the_same(tmp_path: Path) -> None:
    data = raw_zip(A, Entry("b", bomb(0), listed=False), Entry("c", b"y"))
    result = scan_bytes(tmp_path, data)
    assert "ZIP001" in {finding.rule.id for finding in result.findings}


@settings(max_examples=30)
@given(
    st.dictionaries(st.from_regex(r"[a-z]{1,9}", fullmatch=True), st.binary(max_size=50)),
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]),
    st.booleans(),
)
def test_an_honest_archive_is_left_alone(
    members: dict[str, bytes], method: int, stream: bool
) -> None:
    assert [
        f
        for f in found_by(DETECTOR, zip_of(members, method=method, stream=stream))
        if f.location.member is None
    ] == []


@pytest.mark.parametrize("cut", [1, 10, 22, 60])
def test_a_truncated_archive_is_inconclusive_not_forged(tmp_path: Path, cut: int) -> None:
    result = scan_bytes(tmp_path, raw_zip(A, Entry("b", b"x"))[:-cut])
    assert (result.verdict, result.findings) == (Verdict.INCONCLUSIVE, ())
