"""Pictures: where they end, and what is put behind them."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from modelkeep.core import MalformedArtifactError, ModelkeepError, Verdict
from modelkeep.formats import MemorySource, Reading, sniff
from modelkeep.formats.picture import read
from samples import Entry, bomb, budget, damage, prefixes, raw_zip, scan_bytes


def picture(kind: str, **options: bool) -> bytes:
    out = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


PICTURES = {
    "png": picture("PNG"),
    "jpeg": picture("JPEG"),
    "progressive jpeg": picture("JPEG", progressive=True),
}


def rest(data: bytes) -> list[bytes]:
    reading = Reading()
    read(MemorySource(data), budget(), reading)
    return [p.open().read(0, 1 << 20) for p in reading.parts]


@pytest.mark.parametrize("kind", PICTURES)
def test_the_end_of_a_picture_is_found(tmp_path: Path, kind: str) -> None:
    data = PICTURES[kind]
    assert sniff(MemorySource(data)) == ("picture",)
    assert rest(data) == []
    assert rest(data + b"behind") == [b"behind"]
    assert scan_bytes(tmp_path, data).verdict is Verdict.PASS


@pytest.mark.parametrize("kind", PICTURES)
@pytest.mark.parametrize("payload", [bomb(), raw_zip(Entry("a", bomb()))])
def test_a_payload_behind_a_picture_fails(tmp_path: Path, kind: str, payload: bytes) -> None:
    result = scan_bytes(tmp_path, PICTURES[kind] + payload, name="logo.png")
    assert "PKL001" in {finding.rule.id for finding in result.findings}


@pytest.mark.parametrize("kind", PICTURES)
def test_a_picture_cut_short_anywhere_is_malformed(kind: str) -> None:
    for data in prefixes(PICTURES[kind])[8::61]:
        with pytest.raises(MalformedArtifactError):
            rest(data)


@settings(max_examples=100)
@given(
    st.sampled_from(sorted(PICTURES)),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 9), st.binary(max_size=6))),
)
def test_any_bytes_are_read_or_refused(kind: str, edits: list[tuple[int, int, bytes]]) -> None:
    try:
        rest(damage(PICTURES[kind], edits))
    except ModelkeepError:
        return
