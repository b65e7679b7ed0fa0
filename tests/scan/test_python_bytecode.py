"""PYC009: compiled Python and the functions it uses."""

from __future__ import annotations

import importlib.util
import marshal
from pathlib import Path

import pytest

from code_samples import fails
from modelkeep.core import Severity, Verdict
from modelkeep.scan.python_bytecode import DETECTOR
from samples import found_by, scan_bytes


def compiled(text: str) -> bytes:
    code = marshal.dumps(compile(text, "m.py", "exec"))
    return importlib.util.MAGIC_NUMBER + bytes(12) + code


@pytest.mark.parametrize(
    "text",
    [
        'import os\nos.system("true")',
        'class A:\n    def f(self):\n        import subprocess\n        subprocess.run("true")',
        "exec(x)",
        'import base64\neval(base64.b64decode("eA=="))',
        '__import__("os").popen("true")',
        'import os\ngetattr(os, "system")("true")',
        "import pickle, zlib\npickle.loads(zlib.decompress(x))",
        "from subprocess import Popen\nPopen(1)",
    ],
)
def test_dangerous_functions_fail(text: str) -> None:
    findings = found_by(DETECTOR, compiled(text), name="m.bin")
    assert max(f.severity.rank for f in findings) >= Severity.HIGH.rank


@pytest.mark.parametrize(
    "text",
    [
        "import os\nos.path.join('a', 'b')",
        "import os, platform\nplatform.system()",
        "model.eval()",
        "import pickle\npickle.load(x)",
        "import json\njson.loads('1')",
        "x = 'os.system'",
    ],
)
def test_other_code_is_noted(text: str) -> None:
    (finding,) = found_by(DETECTOR, compiled(text), name="m.pyc")
    assert finding.severity is Severity.MEDIUM
    assert "without its source" in finding.message


def test_a_cache_beside_its_source_is_worth_a_note() -> None:
    data = compiled("x = 1")
    for name in ("a/__pycache__/m.cpython-311.pyc", "a/m.pyc"):
        (finding,) = found_by(DETECTOR, data, name=name, root=["a/m.py", name])
        assert finding.severity is Severity.INFO


def test_marshalled_code_alone_is_judged_too(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, compiled('import os\nos.system("true")')[16:])
    assert (result.format, result.verdict) == ("marshal", Verdict.FAIL)
    assert not fails(DETECTOR, "import os")
