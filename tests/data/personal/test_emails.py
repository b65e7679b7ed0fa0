"""Addresses of electronic mail."""

from __future__ import annotations

import pytest

from modelkeep.data.personal.emails import is_address


@pytest.mark.parametrize("text", ["ann@acme.io", "a.b+c@mail.acme.co.uk"])
def test_real_ones_are_known(text: str) -> None:
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "ann@example.com",
        "x@mail.example.org",
        "a..b@acme.io",
        ".a@acme.io",
        "a@-acme.io",
        "me@host.test",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not is_address(text)
