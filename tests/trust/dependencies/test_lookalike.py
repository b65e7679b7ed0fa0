"""Names that are one slip away from a popular one."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.trust.dependencies.interface import Dependency
from modelkeep.trust.dependencies.lookalike import (
    find_lookalike,
    one_slip,
    popular_names,
    popular_twin,
)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("reqeusts", "requests"),
        ("tensorfow", "tensorflow"),
        ("tensorfllow", "tensorflow"),
        ("nunpy", "numpy"),
        ("t0rch", "torch"),
        ("learn-scikit", "scikit-learn"),
        ("scikitlearn", "scikit-learn"),
        ("huggingfacehub", "huggingface-hub"),
        ("transfomers", "transformers"),
    ],
)
def test_slip_is_found(name: str, meant: str) -> None:
    assert popular_twin(name) == meant
    (made,) = find_lookalike("requirements.txt", Dependency(name, "1", 3, name))
    assert made.evidence["popular"] == meant
    assert made.message.startswith("line 3: ")


@pytest.mark.parametrize(
    "name", ["six", "rich", "tomlkit", "httpx2", "acme-forecasting", "nvidia-cudnn-cu99", "rqe"]
)
def test_other_names_are_let_be(name: str) -> None:
    assert popular_twin(name) == ""
    assert list(find_lookalike("r.txt", Dependency(name, "1", 1, name))) == []


def test_no_popular_name_is_taken_for_another() -> None:
    assert len(popular_names()) > 400
    assert all(popular_twin(name) == "" for name in popular_names())


WORDS = st.text(string.ascii_lowercase, min_size=5, max_size=12)


@given(WORDS, st.data())
def test_one_slip_is_symmetric_and_two_far_letters_are_two_slips(
    word: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(word) - 1))
    shorter = word[:place] + word[place + 1 :]
    assert one_slip(word, shorter)
    assert one_slip(shorter, word)
    assert not one_slip(word, word)
    assert not one_slip(word, "#" + word[1:-1] + "#")
