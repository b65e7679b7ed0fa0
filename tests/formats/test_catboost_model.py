"""CatBoost models: recognised by their magic, refused when their core is not whole."""

from __future__ import annotations

import struct

import pytest

from modelkeep.core import MalformedArtifactError
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.catboost_model import read
from samples import budget

CORE = struct.pack("<I", 8) + bytes(28)
MODEL = b"CBM1" + struct.pack("<I", len(CORE)) + CORE


def test_a_whole_model_is_read() -> None:
    assert sniff(MemorySource(MODEL)) == ("catboost",)
    read(MemorySource(MODEL), budget(), Reading())


@pytest.mark.parametrize(
    "data", [MODEL[:-1], MODEL[:6], b"CBM1" + struct.pack("<II", 32, 99) + bytes(28)]
)
def test_a_core_that_is_not_whole_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedArtifactError, match="core"):
        read(MemorySource(data), budget(), Reading())
