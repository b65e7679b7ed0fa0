"""PYC014: passwords and keys that stand in code."""

from __future__ import annotations

import pytest

from code_samples import HARMLESS, code_findings
from modelkeep.scan.python_secret import DETECTOR, looks_secret

VALUE = "qT7#vLm2xZ9r"
BAD = {
    "name": f"DB_PASSWORD = {VALUE!r}",
    "argument": f"connect(host, password={VALUE!r})",
    "dictionary": f"settings = {{'api_key': {VALUE!r}}}",
    "environment": f"os.environ['HF_TOKEN'] = {VALUE!r}",
    "default": f"def login(user, api_key={VALUE!r}):\n    pass",
    "constant": f"VALUE = {VALUE!r}\nconnect(secret=VALUE)",
    "attribute": f"client.client_secret = {VALUE!r}",
}
GOOD = {
    "environment": "connect(password=os.environ['PASSWORD'])",
    "placeholder": "connect(password='your-password-1')",
    "template": "connect(api_key='${API_KEY_1}')",
    "variable": "api_key = 'OPENAI_KEY_2'",
    "words": "password = 'correct horse battery'",
    "token of a text": "pad_token = '<|pad_9|>'",
    "tokenizer": f"tokenizer(token={VALUE!r})",
    "short": "password = 'a1'",
    "other": f"checksum = {VALUE!r}",
    "no text": "password = None",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_secret_is_found_with_its_line_and_not_shown(text: str) -> None:
    (made,) = code_findings(DETECTOR, f"import os\n{text}\n")
    assert made.evidence["line"].isdigit()
    assert VALUE not in f"{made}"


@pytest.mark.parametrize("text", GOOD.values(), ids=GOOD)
def test_other_code_is_silent(text: str) -> None:
    assert code_findings(DETECTOR, f"import os\n{text}\n") == []


@pytest.mark.parametrize("name", HARMLESS)
def test_code_of_honest_models_is_silent(name: str) -> None:
    assert code_findings(DETECTOR, HARMLESS[name], name) == []


def test_bounds_of_a_secret() -> None:
    assert looks_secret("aB3" * 3) is False, "too few different letters"
    assert looks_secret(VALUE)
    assert not looks_secret(VALUE[:7])
    assert not looks_secret(VALUE * 50)
