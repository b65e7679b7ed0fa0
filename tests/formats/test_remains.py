"""What follows the end of a file is a stream of its own; zeros are nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelkeep.core import Verdict
from modelkeep.formats import MemorySource, Reading
from modelkeep.formats.remains import after, behind_zeros
from samples import VALID, Entry, bomb, budget, raw_zip, scan_bytes, tar_of


def rest(data: bytes, end: int) -> list[tuple[str, bytes]]:
    reading = Reading()
    after(MemorySource(data), end, budget(), reading)
    return [(p.member, p.open().read(0, 99)) for p in reading.parts]


def test_the_rest_is_handed_out_without_zeros_in_front() -> None:
    assert rest(b"abcdef", 2) == [("trailing", b"cdef")]
    assert rest(b"ab\0\0ef", 2) == [("trailing", b"ef")]
    assert rest(b"ab\0\0", 2) == rest(b"ab", 2) == rest(b"ab", 9) == []


def test_many_zeros_are_stepped_over() -> None:
    data = b"\0" * (3 << 20) + b"x"
    assert behind_zeros(MemorySource(data), 5, budget()) == 3 << 20


@pytest.mark.parametrize("name", ["npy", "tar", "zip", "safetensors", "pickle4"])
@pytest.mark.parametrize("padding", [b"", b"\0" * 64])
@pytest.mark.parametrize(
    "payload",
    [bomb(), tar_of(("a", bomb())), VALID["npy"] + bomb()],
    ids=["pickle", "tar", "behind an array"],
)
def test_a_payload_behind_a_harmless_file_fails(
    tmp_path: Path, name: str, padding: bytes, payload: bytes
) -> None:
    result = scan_bytes(tmp_path, VALID[name] + padding + payload)
    assert result.verdict is Verdict.FAIL
    if name != "safetensors" or not padding:  # a hole is a finding by itself
        assert any(finding.rule.id.startswith("PKL") for finding in result.findings)


def test_a_zip_behind_an_array_fails_by_what_is_in_it(tmp_path: Path) -> None:
    result = scan_bytes(tmp_path, VALID["npy"] + raw_zip(Entry("a", bomb())))
    assert "PKL001" in {finding.rule.id for finding in result.findings}
