"""Telephone numbers."""

from __future__ import annotations

import pytest

from modelkeep.data.personal.phones import is_phone


@pytest.mark.parametrize(
    "text", ["+49 30 1234567", "+14155552671", "(415) 286-2671", "415-286-2671"]
)
def test_real_ones_are_known(text: str) -> None:
    assert is_phone(text)


@pytest.mark.parametrize(
    "text", ["+11111111111", "+1234", "415-555-2671", "115-286-2671", "415-911-2671"]
)
def test_others_are_not(text: str) -> None:
    assert not is_phone(text)
