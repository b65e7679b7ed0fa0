"""Bank accounts."""

from __future__ import annotations

import pytest

from modelkeep.data.personal.ibans import is_iban


@pytest.mark.parametrize(
    "text",
    [
        "DE89370400440532013000",
        "GB82 WEST 1234 5698 7654 32",
        "FR1420041010050500013M02606",
        "NO9386011117947",
    ],
)
def test_real_ones_are_known(text: str) -> None:
    assert is_iban(text)


@pytest.mark.parametrize(
    "text",
    [
        "DE89370400440532013001",
        "XX89370400440532013000",
        "DE893704004405320130",
        "GB82WEST12345698765423",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not is_iban(text)
