"""PYC013: certificates that nobody checks."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings
from modelkeep.scan.python_tls import DETECTOR

BAD = {
    "requests": "import requests\nrequests.get(u, verify=False)",
    "session": "import requests\ns = requests.Session()\ns.verify = False",
    "httpx": "import httpx\nhttpx.Client(verify=False)",
    "context": "import ssl\nssl._create_default_https_context = ssl._create_unverified_context",
    "mode": "import ssl\ncontext.verify_mode = ssl.CERT_NONE",
    "host": "import ssl\ncontext.check_hostname = False",
    "pool": "import urllib3\nurllib3.PoolManager(cert_reqs='CERT_NONE')",
    "environment": "import os, requests\nos.environ['CURL_CA_BUNDLE'] = ''",
    "name": "import requests\nCHECK = False\nrequests.get(u, verify=CHECK)",
}
GOOD = {
    "checked": "import requests\nrequests.get(u, verify=True)",
    "own authority": "import requests\nrequests.get(u, verify='/etc/ca.pem')",
    "asked": "import requests\nrequests.get(u, verify=args.verify)",
    "zero is no False": "import requests\nrun(verify=0)",
    "other library": "import math\nimage.load(verify=False)",
    "required": "import ssl\ncontext.verify_mode = ssl.CERT_REQUIRED",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_lost_check_is_found_with_its_line(text: str) -> None:
    (made,) = code_findings(DETECTOR, f"{text}\n")
    assert int(made.evidence["line"]) == len(text.splitlines())


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_other_code_is_silent(text: str) -> None:
    assert code_findings(DETECTOR, f"{text}\n") == []


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_is_silent(name: str) -> None:
    assert code_findings(DETECTOR, HARMLESS[name], name) == []
