"""PYC006: code that plants itself or destroys files."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings, fails
from modelkeep.scan.python_persistence import DETECTOR

BAD = [
    'import shutil\nshutil.rmtree("/srv/data")',
    'import os\nopen(os.path.expanduser("~/.bashrc"), "a").write("x")',
    'open("/root/.ssh/authorized_keys", mode="a")',
    'import site\nopen(site.getsitepackages()[0] + "/x.pth", "w").write("import x")',
    'from pathlib import Path\n(Path.home() / ".bashrc").write_text("x")',
    'import shutil\nshutil.copy("x", "/etc/cron.d/x")',
    "import builtins\nbuiltins.open = f",
    "import sys\nsys.meta_path.insert(0, F())",
    "import sys\nsys.settrace(f)",
    'import shutil\nshutil.rmtree("/")',
    'import shutil, os\nshutil.rmtree(os.path.expanduser("~"))',
    'import winreg\nwinreg.SetValueEx(k, "x", 0, 1, "x")',
]


@pytest.mark.parametrize("text", BAD)
def test_it_is_found(text: str) -> None:
    assert fails(DETECTOR, text)


@pytest.mark.parametrize(
    "text",
    [
        'open("out.txt", "w").write("x")',
        "import shutil\nshutil.rmtree(tmp)",
        'import shutil\nshutil.rmtree(os.path.join(d, "/x"))',
        'open("model.pth", "wb")',
        'import sys\nsys.path.insert(0, ".")',
        'open("/etc/hosts")',
        "import sys\nsys.modules[__name__] = x",
    ],
)
def test_it_is_not_confused_with(text: str) -> None:
    assert not fails(DETECTOR, text)


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_does_not_fail(name: str) -> None:
    assert not fails(DETECTOR, HARMLESS[name], name)


def test_a_module_without_it_is_silent() -> None:
    assert code_findings(DETECTOR, "import math\nmath.sqrt(4)\n") == []
