"""Payment cards."""

from __future__ import annotations

import pytest

from modelkeep.data.personal.cards import is_card


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111111",
        "5555 5555 5555 4444",
        "3782-822463-10005",
        "6011111111111117",
        "30569309025904",
        "3530111333300000",
        "4222222222222",
    ],
)
def test_real_ones_are_known(text: str) -> None:
    assert is_card(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111111111111112",
        "1234567812345670",
        "0000000000000000",
        "9111111111111111",
        "41111111111111116",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not is_card(text)
