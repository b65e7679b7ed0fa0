"""ARC002: links that lead out of an archive, and devices."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.archive_links import DETECTOR
from samples import Entry, found_by, raw_zip, scan_bytes, tar_of, zip_of


def special(kind: bytes, name: str = "x", target: str = "") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "target"),
    [
        *(("l", "/etc/passwd"), ("l", ".."), ("l", "../x"), ("a/l", "../../x"), ("l", "C:/x")),
        *(("l", "a/../.."), ("l", "..\\x"), ("./l", "../x")),
    ],
)
def test_a_link_out_of_the_archive_is_high(tmp_path: Path, name: str, target: str) -> None:
    for data in (
        tar_of(("fine", b"x"), links={name: target}),
        raw_zip(Entry("fine", b"x"), Entry(name, target.encode(), mode=0o120777)),
    ):
        (finding,) = found_by(DETECTOR, data)
        assert finding.severity is Severity.HIGH
        assert finding.evidence == {"member": name, "target": target}
        assert scan_bytes(tmp_path, data).verdict is Verdict.FAIL


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", ".."])
def test_a_hard_link_out_of_the_archive_is_high(target: str) -> None:
    (finding,) = found_by(DETECTOR, special(tarfile.LNKTYPE, "a/x", target))
    assert "hard link" in finding.message


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_is_high(tmp_path: Path, kind: bytes) -> None:
    (finding,) = found_by(DETECTOR, special(kind))
    assert finding.message == "member 'x' is a device or a pipe"
    assert scan_bytes(tmp_path, special(kind)).verdict is Verdict.FAIL


def test_a_member_written_through_a_link_is_high() -> None:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        link = tarfile.TarInfo("d")
        link.type, link.linkname = tarfile.SYMTYPE, "e"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("d/x"))
    (finding,) = found_by(DETECTOR, out.getvalue())
    assert "through a symbolic link" in finding.message


def test_climbing_behind_another_link_is_high() -> None:
    data = tar_of(links={"a/b": "..", "x": "a/b/../../etc"})
    assert [f.evidence["member"] for f in found_by(DETECTOR, data)] == ["x"]


@pytest.mark.parametrize(
    ("name", "target"), [("l", "fine"), ("a/l", "../fine"), ("a/b/l", "../../c"), ("l", "./a")]
)
def test_links_within_the_archive_are_left_alone(
    tmp_path: Path, name: str, target: str
) -> None:
    data = tar_of(("fine", b"x"), links={name: target})
    assert found_by(DETECTOR, data) == []
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS
    assert found_by(DETECTOR, special(tarfile.LNKTYPE, "a/x", "fine")) == []


def test_an_archive_within_an_archive_is_judged_too() -> None:
    (finding,) = found_by(DETECTOR, zip_of({"in.tar": special(tarfile.CHRTYPE)}))
    assert finding.location.member == "in.tar"
