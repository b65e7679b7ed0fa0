"""Masks and the Luhn digit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelkeep.data.personal import luhn, mask


@given(st.text(alphabet="0123456789", min_size=1, max_size=18))
def test_exactly_one_last_digit_checks(digits: str) -> None:
    assert sum(luhn(digits + last) for last in "0123456789") == 1


@given(st.text(alphabet="abc123@.- ", min_size=6, max_size=40))
def test_a_mask_keeps_two_letters_at_most(text: str) -> None:
    shown = [c for c in mask(text)[1:-1] if c.isalnum()]
    assert (len(mask(text)), shown) == (len(text), [])
    assert set(mask(text, hide=True)) == {"*"}
