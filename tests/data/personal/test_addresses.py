"""Addresses of the Internet Protocol."""

from __future__ import annotations

import pytest

from modelkeep.data.personal.addresses import is_global


@pytest.mark.parametrize("text", ["8.8.8.8", "2001:4860:4860::8888"])
def test_real_ones_are_known(text: str) -> None:
    assert is_global(text)


@pytest.mark.parametrize(
    "text",
    [
        "10.0.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "999.1.1.1",
        "12:30:45",
        "::1",
        "2001:db8::1",
        "224.0.1.1",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not is_global(text)
