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


HOOK = (
    b"import sys\nclass Finder:\n    pass\ndef add():\n    sys.meta_path.insert(0, Finder())\n"
)
CALL = b"import os; os.environ.get('HOOK', '1') == '1' and __import__('_hook').add()\n"
INFO = {"p-1.dist-info/METADATA": b"Name: p\nVersion: 1\n"}


def severities(members: dict[str, bytes]) -> list[Severity]:
    found = found_by(DETECTOR, zip_of({**members, **INFO}), name="p-1-py3-none-any.whl")
    return [finding.severity for finding in found]


def test_a_line_of_a_wheel_that_calls_a_calm_module_is_noted() -> None:
    assert severities({"p.pth": CALL, "_hook/__init__.py": HOOK}) == [Severity.MEDIUM]
    assert severities({"p.pth": b"import _hook\n", "_hook.py": HOOK}) == [Severity.MEDIUM]
    reading = (
        b"def add():\n    return open('names.txt').read() + open('more.txt', 'r').read()\n"
    )
    assert severities({"p.pth": CALL, "_hook.py": reading}) == [Severity.MEDIUM]


@pytest.mark.parametrize(
    ("line", "module"),
    [
        (CALL, b"import subprocess\ndef add():\n    subprocess.Popen(['true'])\n"),
        (CALL, b"import requests\ndef add():\n    requests.get('https://example.org')\n"),
        (CALL, b"def add(x):\n    exec(x)\n"),
        (CALL, b"def add(:\n"),
        (
            CALL,
            b"import base64\ndef add():\n    __import__(base64.b64decode('b3M=').decode())\n",
        ),
        (CALL, b"def add():\n    open('/etc/x', 'a').write('y')\n"),
        (CALL, b"def add(mode):\n    open('/etc/x', mode).write('y')\n"),
        (
            CALL,
            b"import pathlib\ndef add():\n    pathlib.Path('/etc/x').open('w').write('y')\n",
        ),
        (LINE, HOOK),
        (b"import _hook; exec(_hook.TEXT)\n", HOOK + b"TEXT = 'x'\n"),
    ],
)
def test_a_line_of_a_wheel_that_reaches_more_is_high(line: bytes, module: bytes) -> None:
    assert Severity.HIGH in severities({"p.pth": line, "_hook.py": module})


def test_a_line_that_calls_what_is_not_in_the_wheel_is_high() -> None:
    assert severities({"p.pth": CALL}) == [Severity.HIGH]
    assert severities({"p.pth": b"import os; import a.b\n", "a/__init__.py": b""}) == [
        Severity.HIGH
    ]


@pytest.mark.parametrize(
    "module", [b"import _more\n_more.go()\n", b"def add():\n    __import__('_more').go()\n"]
)
def test_modules_behind_the_called_one_are_looked_at(module: bytes) -> None:
    bad = b"import os\ndef go():\n    os.popen('true')\n"
    assert severities({"p.pth": CALL, "_hook.py": module, "_more.py": bad}) == [Severity.HIGH]
    calm = {"p.pth": CALL, "_hook.py": module, "_more.py": b"def go():\n    pass\n"}
    assert severities(calm) == [Severity.MEDIUM]
    relative = {"p.pth": b"import a\n", "a/__init__.py": b"from . import b\n", "a/b.py": bad}
    assert severities(relative) == [Severity.HIGH]
