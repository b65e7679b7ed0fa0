"""National numbers with check digits."""

from __future__ import annotations

import pytest

from modelkeep.data.personal.national_ids import is_national_id


@pytest.mark.parametrize(
    "text",
    [
        "12345678Z",
        "X1234567L",
        "RSSMRA85T10A562S",
        "11010519491231002X",
        "44051401359",
        "529.982.247-25",
        "131052-308T",
        "255081416802538",
    ],
)
def test_real_ones_are_known(text: str) -> None:
    assert is_national_id(text)


@pytest.mark.parametrize(
    "text",
    [
        "12345678A",
        "RSSMRA85T10A562T",
        "110105194912310021",
        "44051401358",
        "44131401359",
        "111.111.111-11",
        "131052-308U",
        "255081416802539",
    ],
)
def test_others_are_not(text: str) -> None:
    assert not is_national_id(text)
