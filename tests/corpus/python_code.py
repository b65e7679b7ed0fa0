"""Python code of a model that runs other files, plants itself or hides behind a module."""

from __future__ import annotations

from collections.abc import Iterator

from corpus.repositories import CONFIG, text
from corpus.sample import PASS, Family, Sample

_MAPPED = text({**CONFIG, "auto_map": {"AutoModel": "modeling_x.M"}})


def _repository(code: str, **files: bytes) -> dict[str, bytes]:
    others = {name.replace("__", "."): data for name, data in files.items()}
    return {"config.json": _MAPPED, "modeling_x.py": code.encode(), **others}


def _files_run() -> Iterator[Sample]:
    made = Family("python-code", "a file of the model is run")
    beside = b"x = 1\n"
    codes = {
        "run-path": "import runpy\nrunpy.run_path('helper.txt')\n",
        "run-path-beside": "import os, runpy\nrunpy.run_path(os.path.join(os.path.dirname(__file__), 'helper.txt'))\n",
        "run-path-path": "import runpy\nfrom pathlib import Path\nrunpy.run_path(str(Path(__file__).parent / 'helper.txt'))\n",
        "run-path-python": "import runpy\nrunpy.run_path('helper.py')\n",
        "run-module": "import runpy\nrunpy.run_module('helper')\n",
        "run-path-weights": "import runpy\nrunpy.run_path('pytorch_model.bin', run_name='__main__')\n",
        "exec-open": "exec(open('helper.txt').read())\n",
        "exec-open-python": "import os\nexec(open(os.path.join(os.path.dirname(__file__), 'helper.py')).read())\n",
        "exec-with": "with open('helper.txt') as f:\n    exec(f.read())\n",
        "exec-compile": "exec(compile(open('helper.txt').read(), 'x', 'exec'))\n",
        "exec-path": "from pathlib import Path\nexec(Path(__file__).with_name('helper.txt').read_text())\n",
        "exec-in-init": "class M:\n    def __init__(self):\n        exec(open('helper.txt').read())\n",
        "aliased": "from runpy import run_path as go\ngo('helper.txt')\n",
        "in-function": "import runpy\n\ndef load():\n    return runpy.run_path('helper.txt')\n\nload()\n",
        "joblib": "import joblib\nexec(joblib.load('helper.txt')['code'])\n",
    }  # fmt: skip
    for title, code in codes.items():
        yield made(
            f"runs-{title}",
            "repository",
            _repository(code, helper__txt=beside, helper__py=beside),
        )
    hub = Family("python-code", "torch.hub of local source")
    for title, code in {
        "local": "import torch\ntorch.hub.load('./inner', 'model', source='local')\n",
        "local-outside": "import torch\ntorch.hub.load('/tmp/x', 'model', source='local')\n",
        "in-init": "import torch\nclass M(torch.nn.Module):\n    def __init__(self, c):\n        super().__init__()\n        self.b = torch.hub.load('inner', 'model', source='local')\n",
    }.items():
        yield hub(f"hub-{title}", "repository", _repository(code))


def _plants() -> Iterator[Sample]:
    made = Family(
        "python-code", "planting through other writers", "MITRE ATT&CK T1546, T1098.004"
    )
    codes = {
        "path-open": "from pathlib import Path\nPath('~/.ssh/authorized_keys').expanduser().open('a').write('ssh-ed25519 AAAA x')\n",
        "path-home": "from pathlib import Path\n(Path.home() / '.ssh' / 'authorized_keys').open('a').write('x')\n",
        "path-home-write": "from pathlib import Path\nPath.home().joinpath('.bashrc').write_text('x')\n",
        "path-with": "from pathlib import Path\nwith (Path.home() / '.bashrc').open(mode='a') as f:\n    f.write('x')\n",
        "path-cron": "from pathlib import Path\nPath('/etc/cron.d/x').open('w').write('* * * * * root true')\n",
        "path-pieces": "import pathlib\nhome = pathlib.Path.home()\nrc = home / '.zshrc'\nrc.open('a').write('x')\n",
        "open-path": "from pathlib import Path\nopen(Path.home() / '.bashrc', 'a').write('x')\n",
        "expanduser": "import os\nopen(os.path.expanduser('~/.profile'), 'a').write('x')\n",
        "environment": "import os\nopen(os.environ['HOME'] + '/.bashrc', 'a').write('x')\n",
        "os-open": "import os\nfd = os.open(os.path.expanduser('~/.bashrc'), os.O_WRONLY | os.O_APPEND)\nos.write(fd, b'x')\n",
        "fileinput": "import os, shutil\nshutil.copy('payload.txt', os.path.expanduser('~/.bashrc'))\n",
        "symlink": "import os\nos.symlink('/tmp/x', os.path.expanduser('~/.config/autostart/x.desktop'))\n",
        "io-open": "import io, os\nio.open(os.path.join(os.path.expanduser('~'), '.bashrc'), 'a').write('x')\n",
        "print-file": "import os\nprint('x', file=open(os.path.expanduser('~/.bashrc'), 'a'))\n",
    }  # fmt: skip
    for title, code in codes.items():
        yield made(f"plants-{title}", "repository", _repository(code))
    stored = Family("python-code", "restoring and templates")
    for title, code in {
        "shelve": "import shelve\ndb = shelve.open('/tmp/x')\nprint(db['x'])\n",
        "shelve-file": "import shelve\nshelve.DbfilenameShelf('/tmp/x')['a']\n",
        "ssti": "import jinja2\njinja2.Template(\"{{ ''.__class__.__mro__[1].__subclasses__() }}\").render()\n",
        "ssti-globals": "from jinja2 import Environment\nEnvironment().from_string(\"{{ cycler.__init__.__globals__.os.popen('true').read() }}\").render()\n",
        "ssti-mako": "from mako.template import Template\nTemplate(\"<% import os; os.system('true') %>\").render()\n",
        "ssti-mako-expression": "from mako.template import Template\nTemplate(\"${__import__('os').system('true')}\").render()\n",
        "ssti-tornado": "import tornado.template\ntornado.template.Template(\"{% import os %}{{ os.popen('true').read() }}\").generate()\n",
    }.items():
        yield stored(f"restores-{title}", "repository", _repository(code))
    native = Family("python-code", "machine code in memory")
    for title, code in {
        "mmap": "import ctypes, mmap\ncode = b'\\x90\\xc3'\nm = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)\nm.write(code)\nctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()\n",
        "mmap-seven": "import ctypes, mmap\nm = mmap.mmap(-1, 4096, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, 7)\nm.write(b'\\xc3')\nf = ctypes.cast(ctypes.addressof(ctypes.c_char.from_buffer(m)), ctypes.CFUNCTYPE(None))\nf()\n",
        "mprotect": "import ctypes\nlibc = ctypes.CDLL('libc.so.6')\nbuf = ctypes.create_string_buffer(b'\\xc3')\nlibc.mprotect(ctypes.addressof(buf), 4096, 7)\nctypes.CFUNCTYPE(None)(ctypes.addressof(buf))()\n",
        "memmove": "import ctypes\np = ctypes.windll.kernel32.VirtualAlloc(0, 1, 0x3000, 0x40)\nctypes.memmove(p, b'\\xc3', 1)\nctypes.windll.kernel32.CreateThread(0, 0, p, 0, 0, 0)\n",
        "memfd": "import os\nfd = os.memfd_create('x')\nos.write(fd, b'x')\nos.execv(f'/proc/self/fd/{fd}', ['x'])\n",
    }.items():
        yield native(f"native-{title}", "repository", _repository(code))


def _across() -> Iterator[Sample]:
    made = Family("python-code", "calls across modules of one package")
    bad = b"import os\n\ndef prepare(command):\n    os.system(command)\n"
    runs = b"import subprocess\n\ndef launch(*args):\n    return subprocess.Popen(list(args))\n"
    late = b"def run(text):\n    exec(text)\n"
    cases = {
        "relative": ("from .inner import prepare\nprepare('true')\n", {"inner.py": bad}),
        "absolute": ("from inner import prepare\nprepare('true')\n", {"inner.py": bad}),
        "module": ("import inner\ninner.prepare('true')\n", {"inner.py": bad}),
        "relative-module": ("from . import inner\ninner.prepare('true')\n", {"inner.py": bad}),
        "alias": ("import inner as i\ni.prepare('true')\n", {"inner.py": bad}),
        "renamed": ("from .inner import prepare as p\np('true')\n", {"inner.py": bad}),
        "star": ("from .inner import *\nprepare('true')\n", {"inner.py": bad}),
        "package": ("from .tools.inner import prepare\nprepare('true')\n", {"tools/__init__.py": b"", "tools/inner.py": bad}),
        "popen": ("from .inner import launch\nlaunch('true')\n", {"inner.py": runs}),
        "exec": ("from .inner import run\nrun('x = 1')\n", {"inner.py": late}),
        "in-class": ("from .inner import prepare\n\nclass M:\n    x = prepare('true')\n", {"inner.py": bad}),
        "in-init": ("from .inner import prepare\n\nclass M:\n    def __init__(self, c):\n        prepare('true')\n", {"inner.py": bad}),
    }  # fmt: skip
    for title, (code, files) in cases.items():
        yield made(f"across-{title}", "repository", {**_repository(code), **files})


def _honest() -> Iterator[Sample]:
    made = Family("python-code", "code as it should be")
    helper = b"import subprocess\n\n\ndef version():\n    return subprocess.check_output(['git', 'rev-parse', 'HEAD'])\n\n\ndef scale(x):\n    return x * 2\n"
    codes = {
        "version": ("from pathlib import Path\n\nimport torch\n\nHERE = Path(__file__).parent\nTEXT = (HERE / 'vocab.txt').read_text()\n\n\nclass M(torch.nn.Module):\n    pass\n", {"vocab.txt": b"a\nb\n"}),
        "across": ("from .inner import scale\n\nWIDTH = scale(4)\n", {"inner.py": helper}),
        "across-loads": ("from .inner import read\n\nTABLE = read('table.json')\n", {"inner.py": b"import json\n\n\ndef read(path):\n    with open(path) as f:\n        return json.load(f)\n", "table.json": b"{}"}),
        "cache": ("from pathlib import Path\n\ncache = Path.home() / '.cache' / 'm'\n\n\ndef keep(text):\n    cache.mkdir(parents=True, exist_ok=True)\n    (cache / 'x.txt').write_text(text)\n", {}),
        "mmap-weights": ("import mmap\n\n\ndef read(path):\n    with open(path, 'rb') as f:\n        return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)\n", {}),
        "template": ("from jinja2 import Template\n\nPROMPT = Template('Hello {{ name }}')\n\n\ndef prompt(name):\n    return PROMPT.render(name=name)\n", {}),
        "hub": ("import torch\n\n\ndef backbone():\n    return torch.hub.load('facebookresearch/dino:main', 'dino_vits16')\n", {}),
        "string-template": ("from string import Template\n\nT = Template('$name is ${here}')\nprint(T.substitute(name='a', here='b'))\n", {}),
    }  # fmt: skip
    for title, (code, files) in codes.items():
        yield made(
            f"honest-{title}", "repository", {**_repository(code), **files}, verdict=PASS
        )
    setup = b"from setuptools import setup\n\nexec(open('m/version.py').read())\nsetup(name='m', version=__version__)\n"
    yield made(
        "honest-setup-version",
        "repository",
        {"setup.py": setup, "m/version.py": b"__version__ = '1'\n"},
        verdict=PASS,
    )


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _files_run()
    yield from _plants()
    yield from _across()
    yield from _honest()
