"""SEC001: keys and tokens. Every one here is made up by the test."""

from __future__ import annotations

import random
import string
import time
import zlib
from pathlib import Path

import pytest

from gguf_samples import PLAIN, gguf_of
from modelkeep.core import Location, Severity, Verdict
from modelkeep.formats import MemorySource
from modelkeep.scan import Context
from modelkeep.scan.secret import DETECTOR
from samples import budget, found_by, safetensors_of, scan_bytes, tensor

LETTERS = string.ascii_letters + string.digits


def random_text(length: int, letters: str = LETTERS, seed: int = 7) -> str:
    return "".join(random.Random(seed).choices(letters, k=length))


def checked(prefix: str) -> str:
    """A token whose last six letters are its checksum."""
    body = random_text(30)
    digits = string.digits + string.ascii_uppercase + string.ascii_lowercase
    crc, tail = zlib.crc32(body.encode()), ""
    while crc:
        crc, digit = divmod(crc, 62)
        tail = digits[digit] + tail
    return prefix + body + tail.rjust(6, "0")


def key_block(kind: str, newline: str = "\n") -> str:
    body = newline.join(random_text(64, seed=n) for n in range(4))
    dashes = "-----"
    begin, end = f"{dashes}BEGIN {kind}{dashes}", f"{dashes}END {kind}{dashes}"
    return f"{begin}{newline}{body}{newline}{end}"


SECRETS = {
    "rsa": key_block("RSA PRIVATE KEY"),
    "openssh": key_block("OPENSSH PRIVATE KEY"),
    "in json": key_block("PRIVATE KEY", "\\n"),
    "aws": "AKIA" + random_text(16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    "github": checked("ghp_"),
    "npm": checked("npm_"),
    "hub": "hf_" + random_text(34, string.ascii_letters),
    "openai": "sk-proj-" + random_text(40) + "T3BlbkFJ" + random_text(40, seed=8),
    "google": "AIza" + random_text(35),
    "slack": "xoxb-1029384756-5647382910-" + random_text(24),
    "stripe": "sk_" + "live_" + random_text(32),
    "pypi": "pypi-AgEIcHlwaS5vcmc" + random_text(80),
    "azure": "AccountKey=" + random_text(86) + "==",
    "wandb": "WANDB_API_KEY=" + random_text(40, "0123456789abcdef"),
}


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_is_medium_and_never_shown(tmp_path: Path, kind: str) -> None:
    for name, data in {
        "notes.txt": f"token = {SECRETS[kind]}\n",
        "config.json": '{"a": "' + SECRETS[kind].replace("\n", "\\n") + '"}',
    }.items():
        (finding,) = found_by(DETECTOR, data.encode(), name=name)
        assert finding.severity is Severity.MEDIUM
        shown = finding.message + str(finding.evidence)
        assert SECRETS[kind][10:30] not in shown
        assert scan_bytes(tmp_path, data.encode(), name=name).verdict is not Verdict.FAIL


def test_a_secret_in_the_header_of_weights_is_found() -> None:
    for data in (
        safetensors_of({"__metadata__": {"token": SECRETS["hub"]}}),
        gguf_of(PLAIN | {"general.token": SECRETS["hub"]}),
    ):
        assert len(found_by(DETECTOR, data)) == 1
    weights = SECRETS["hub"].encode()
    data = safetensors_of({"w": tensor(0, len(weights))}, weights)
    assert found_by(DETECTOR, data) == []


def test_a_secret_is_reported_once_and_across_windows() -> None:
    text = " " * ((1 << 20) - 10) + SECRETS["aws"] + " " + SECRETS["aws"]
    (finding,) = found_by(DETECTOR, text.encode())
    assert finding.location.offset == (1 << 20) - 10


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_" + "a" * 36,
        "ghp_" + random_text(36, seed=3),
        "hf_" + "x" * 34,
        "hf_your_token_here",
        "sk-" + random_text(48),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
        "-----BEGIN PUBLIC KEY-----\n" + random_text(64),
        "-----BEGIN CERTIFICATE-----\n" + random_text(64),
        random_text(4000),
        "AIza" + random_text(60),
    ],
    ids=lambda text: text[:24],
)
def test_placeholders_and_ordinary_text_are_left_alone(text: str) -> None:
    assert found_by(DETECTOR, text.encode(), name="README.md") == []


def test_a_long_text_is_quick() -> None:
    for text in (
        "hf_" * (2 << 20),
        "-----BEGIN PRIVATE KEY-----\n" * 150_000,
        "sk-" + "a" * (4 << 20),
    ):
        source = MemorySource(text.encode())
        context = Context(Location("a.txt"), source, "text", None, budget())
        start = time.process_time()
        list(DETECTOR.run(context))
        assert time.process_time() - start < 30  # no hang; figures are for benchmarks
