"""The forms of keys and tokens that are precise enough to be no accident.

Private key blocks, and tokens whose prefix, length, letters and checksum (where there is
one) fit. Every repetition is bounded or of one class of letters.

Sources: token formats as published by GitHub, AWS, Hugging Face, OpenAI and others.
"""

from __future__ import annotations

import math
import re
import string
import zlib
from collections import Counter
from collections.abc import Iterator
from typing import Final

_FORMS: Final = {
    "private_key": rb"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY(?: BLOCK)?-----"
    rb"(?:\\r|\\n|\s|[\w-]+: [^\n]*\n)*[A-Za-z0-9+/=]{40,}",
    "aws_key": rb"(?<!\w)AKIA[A-Z2-7]{16}\b",
    "aws_session_key": rb"(?<!\w)ASIA[A-Z2-7]{16}\b",
    "github_token": rb"gh[pousr]_[A-Za-z0-9]{36}\b",
    "github_fine_token": rb"(?<!\w)github_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
    "npm_token": rb"(?<!\w)npm_[A-Za-z0-9]{36}\b",
    "hub_token": rb"(?<!\w)hf_[A-Za-z]{34}\b",
    "openai_key": rb"sk-[A-Za-z0-9_-]{20,120}T3BlbkFJ[A-Za-z0-9_-]{20,120}",
    "anthropic_key": rb"(?<!\w)sk-ant-[a-z]{3,6}\d\d-[A-Za-z0-9_-]{80,120}AA\b",
    "google_key": rb"(?<!\w)AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])",
    "slack_token": rb"(?<!\w)xox[abprs]-\d{10,13}-\d{10,13}-[A-Za-z0-9-]{24,64}",
    "slack_hook": rb"hooks\.slack\.com/services/T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/\w{24}",
    "stripe_key": rb"(?<!\w)[sr]k_live_[A-Za-z0-9]{24,99}\b",
    "pypi_token": rb"(?<!\w)pypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,250}",
    "azure_key": rb"(?<!\w)AccountKey=[A-Za-z0-9+/]{86}==",
    "wandb_key": rb"WANDB_API_KEY\W{1,6}[0-9a-f]{40}\b",
}
# Searching for a few letters that every match holds is far quicker than any expression.
_LETTERS: Final = {
    "private_key": (b"PRIVATE KEY",), "aws_key": (b"AKIA",), "aws_session_key": (b"ASIA",),
    "github_token": (b"gh",), "github_fine_token": (b"github_pat_",),
    "npm_token": (b"npm_",), "hub_token": (b"hf_",), "openai_key": (b"T3BlbkFJ",),
    "anthropic_key": (b"sk-ant-",), "google_key": (b"AIza",), "slack_token": (b"xox",),
    "slack_hook": (b"hooks.slack.com",), "stripe_key": (b"k_live_",),
    "pypi_token": (b"pypi-AgEI",), "azure_key": (b"AccountKey=",),
    "wandb_key": (b"WANDB_API_KEY",),
}  # fmt: skip
_COMPILED: Final = {kind: re.compile(form) for kind, form in _FORMS.items()}
_CHECKED: Final = frozenset({"github_token", "npm_token"})
_DIGITS: Final = string.digits + string.ascii_uppercase + string.ascii_lowercase
_PLACEHOLDER: Final = re.compile(
    rb"(?i)example|placeholder|your|xxxx|1234567890|abcdefgh|\*\*\*|dummy"
)
_LEAST_BITS: Final = 3.0


def find_forms(window: bytes) -> Iterator[tuple[str, re.Match[bytes]]]:
    """What has the form of a secret."""
    for kind, form in _COMPILED.items():
        if all(letters in window for letters in _LETTERS[kind]):
            yield from ((kind, match) for match in form.finditer(window))


def is_real(kind: str, text: bytes) -> bool:
    """Whether a match is more than a placeholder."""
    if _PLACEHOLDER.search(text):
        return False
    if kind in _CHECKED:
        return _has_checksum(text.partition(b"_")[2])
    return _bits(text[-32:]) >= _LEAST_BITS


def _has_checksum(token: bytes) -> bool:
    """Whether the last six letters are the CRC of the first thirty, in base 62."""
    crc, letters = zlib.crc32(token[:30]), ""
    while crc:
        crc, digit = divmod(crc, 62)
        letters = _DIGITS[digit] + letters
    return letters.rjust(6, "0").encode() == token[30:]


def _bits(text: bytes) -> float:
    """Entropy of the letters, in bits each."""
    counts = Counter(text).values()
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts)
