"""PYC012: the flag that lets code of any repository run."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings
from modelkeep.core import Severity
from modelkeep.scan.python_trust import DETECTOR

BAD = {
    "argument": "AutoModel.from_pretrained('a/b', trust_remote_code=True)",
    "dictionary": "OPTIONS = {'trust_remote_code': True}",
    "default": "def load(name, *, trust_remote_code=True):\n    pass",
    "positional default": "def load(name, trust_remote_code: bool = True):\n    pass",
    "attribute": "args.trust_remote_code = True",
    "key": "options['trust_remote_code'] = True",
    "name": "ALLOW = True\nload('a', trust_remote_code=ALLOW)",
    "field": "class Options:\n    trust_remote_code: bool = True",
}
GOOD = {
    "off": "AutoModel.from_pretrained('a/b', trust_remote_code=False)",
    "asked": "AutoModel.from_pretrained('a/b', trust_remote_code=args.trust_remote_code)",
    "set twice": "FLAG = True\nFLAG = False\nload('a', trust_remote_code=FLAG)",
    "parameter": "def f(flag):\n    load('a', trust_remote_code=flag)\n\n\nflag = True",
    "text": "print('trust_remote_code=True')",
    "other": "load('a', trust=True, trust_remote_code_revision=True)",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_flag_is_found_with_its_line(text: str) -> None:
    (made,) = code_findings(DETECTOR, f"import os\n{text}\n")
    line = int(made.evidence["line"])
    assert "trust_remote_code" in f"import os\n{text}\n".splitlines()[line - 1]
    assert made.severity is Severity.MEDIUM


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_other_code_is_silent(text: str) -> None:
    assert code_findings(DETECTOR, f"import os\n{text}\n") == []


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_is_silent(name: str) -> None:
    assert code_findings(DETECTOR, HARMLESS[name], name) == []
