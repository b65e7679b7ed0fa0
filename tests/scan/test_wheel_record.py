"""WHL001: wheels that differ from their own list."""

from __future__ import annotations

import base64
import hashlib

from modelkeep.core import Severity
from modelkeep.scan.wheel_record import DETECTOR
from samples import damage, found_by, zip_of

FILES = {"pkg/__init__.py": b"x = 1\n", "pkg-1.dist-info/METADATA": b"Name: pkg\n"}


def row(name: str, data: bytes) -> str:
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(data)}\n"


def wheel(
    files: dict[str, bytes] = FILES, *, listed: dict[str, bytes] = FILES, folder: str = "pkg-1"
) -> bytes:
    record = "".join(row(name, data) for name, data in listed.items())
    record += f"{folder}.dist-info/RECORD,,\n"
    return zip_of({**files, f"{folder}.dist-info/RECORD": record.encode()})


def test_an_honest_wheel_is_silent() -> None:
    assert found_by(DETECTOR, wheel()) == []


def test_a_module_that_was_added_is_high() -> None:
    (finding,) = found_by(DETECTOR, wheel({**FILES, "pkg/evil.py": b"import os\n"}))
    assert (finding.severity, finding.evidence) == (Severity.HIGH, {"member": "pkg/evil.py"})


def test_a_text_that_was_added_is_medium() -> None:
    (finding,) = found_by(DETECTOR, wheel({**FILES, "pkg/notes.txt": b"x"}))
    assert finding.severity is Severity.MEDIUM


def test_a_module_that_was_changed_is_high() -> None:
    (finding,) = found_by(DETECTOR, wheel({**FILES, "pkg/__init__.py": b"x = 2\n"}))
    assert finding.severity is Severity.HIGH
    assert "is not what RECORD lists" in finding.message


def test_other_archives_are_left_alone() -> None:
    assert found_by(DETECTOR, zip_of({"RECORD": b"x,sha256=a,1\n", "a.py": b"x"})) == []
    assert found_by(DETECTOR, wheel(folder="deep/pkg-1")) == []


def test_a_damaged_wheel_is_no_crash() -> None:
    raw = wheel()
    for at in range(0, len(raw), 7):
        found_by(DETECTOR, damage(raw, [(at, 1, b"\xff")]))
