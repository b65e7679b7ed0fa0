"""The forms of a column's cells agree however it was encoded."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from modelkeep.data.cells import Cells, held

WORDS = st.lists(st.none() | st.sampled_from(["", "a", "bb", "1", "2.5", "ü" * 9]), max_size=20)


@settings(deadline=None)
@given(values=WORDS, before=WORDS)
def test_codes_and_vocabulary_say_what_the_texts_say(
    values: list[str | None], before: list[str | None]
) -> None:
    whole = pa.array(before + values, pa.string()).dictionary_encode()
    coded = Cells(whole.slice(len(before)))
    fresh = Cells(pa.array(values, pa.string()))
    assert coded.bounds == fresh.bounds
    assert coded.counts() == fresh.counts()
    assert (coded.floats is None) is (fresh.floats is None)
    if coded.floats is not None and fresh.floats is not None:
        assert np.array_equal(coded.floats, fresh.floats, equal_nan=True)
    if coded.vocabulary is not None:
        words = coded.vocabulary.plain.to_pylist()
        assert set(words) == {value for value in values if value is not None} or None in values


@given(flags=st.lists(st.booleans(), max_size=40), first=st.integers(0, 20))
def test_flags_are_read_from_their_bits(flags: list[bool], first: int) -> None:
    part = pa.array(flags, pa.bool_()).slice(first)
    assert held(part).tolist() == flags[first:]


def test_texts_are_numbers_only_if_all_are() -> None:
    found = Cells(pa.array(["1", "", None, "-2.5e3"])).floats
    assert found is not None
    assert np.array_equal(found, [1, np.nan, np.nan, -2500], equal_nan=True)
    assert Cells(pa.array(["1", "x"])).floats is None
