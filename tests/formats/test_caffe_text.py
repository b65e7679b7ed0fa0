"""Caffe networks as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.caffe_model import CaffeNetwork
from modelkeep.formats.caffe_text import looks_like, read
from samples import VALID, budget, scan_bytes

PLAIN = b'name: "net"\nlayer {\n  name: "r"\n  type: "ReLU"\n  bottom: "x"\n}\n'
PYTHON = b'layer { name: "p" type: "Python" python_param { module: "os" layer: "system" } }'


def test_layers_are_read() -> None:
    reading = Reading()
    read(MemorySource(PLAIN + PYTHON), budget(), reading)
    assert isinstance(reading.document, CaffeNetwork)
    first, second = reading.document.layers
    assert (first.kind, first.module) == ("ReLU", "")
    assert (second.kind, second.module, second.layer) == ("Python", "os", "system")


def test_a_plain_network_passes(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, PLAIN, name="net.prototxt")
    assert (result.format, result.verdict) == ("caffe text", Verdict.PASS)


def test_one_cut_short_keeps_what_was_found(tmp_path: Path) -> None:
    assert scan_bytes(tmp_path, PYTHON + PLAIN[:-4]).verdict is Verdict.FAIL
    assert scan_bytes(tmp_path, PLAIN[:-4]).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "data", [*VALID.values(), b"layers:\n  - name: a\n    type: conv\n", b"layer one\n", b""]
)
def test_other_bytes_are_none(data: bytes) -> None:
    assert not looks_like(MemorySource(data))
