"""A stream becomes a private file, and nothing of it stays."""

from __future__ import annotations

import io

import pytest

from modelkeep.sources import spooled


@pytest.mark.parametrize("data", [b"", b"x", bytes(5 << 20)])
def test_bytes_of_a_stream_are_in_the_file(data: bytes) -> None:
    with spooled(io.BytesIO(data)) as path:
        assert path.name == "stdin"
        assert path.read_bytes() == data
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.parent.exists()


def test_file_is_gone_after_an_error_too() -> None:
    with pytest.raises(ZeroDivisionError), spooled(io.BytesIO(b"x")) as path:
        _ = 1 / 0
    assert not path.parent.exists()
