"""PYC010: files that Python runs at every start."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan.startup_code import DETECTOR
from samples import VALID, bomb, found_by, scan_bytes, zip_of

LINE = b"import os; os.system('true')\n"


def test_a_line_of_code_in_a_path_file_is_high(tmp_path: Path) -> None:
    (finding,) = found_by(DETECTOR, b"/a/path\n" + LINE, name="x.pth")
    assert (finding.severity, finding.evidence["line"]) == (Severity.HIGH, "2")
    result = scan_bytes(tmp_path, b"/a/path\n" + LINE, name="x.pth")
    assert {"PYC001", "PYC010"} <= {f.rule.id for f in result.findings}


@pytest.mark.parametrize("name", ["sitecustomize.py", "usercustomize.py"])
def test_modules_of_the_start_are_high(name: str) -> None:
    raw = b"import sys\nsys.path.append('x')\n"
    assert found_by(DETECTOR, raw, name=name)[0].severity is Severity.HIGH
    assert found_by(DETECTOR, zip_of({f"pkg/{name}": raw}))[0].severity is Severity.HIGH


def test_paths_weights_and_other_modules_are_silent(tmp_path: Path) -> None:
    assert found_by(DETECTOR, b"./src\n", name="x.pth") == []
    assert found_by(DETECTOR, b"import sys\nsys.exit()\n", name="site.py") == []
    for name in ("pickle4", "zip"):
        result = scan_bytes(tmp_path, VALID[name], name="model.pth")
        assert result.verdict is Verdict.PASS
    assert scan_bytes(tmp_path, bomb(), name="model.pth").verdict is Verdict.FAIL
