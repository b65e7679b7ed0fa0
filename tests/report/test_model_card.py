"""A written card: its numbers are those of the report, to the last digit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

import check_samples as samples
from modelkeep.report import card_text
from modelkeep.trust.model_card import read_card

NUMBERS = st.floats(-1e9, 1e9)


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS), max_size=4))
def test_numbers_read_back_equal_those_measured(triples: list[tuple[float, ...]]) -> None:
    measured = [
        samples.measurement(f"number_{n}", value, low=low, high=high)
        for n, (value, low, high) in enumerate(triples)
    ]
    text = card_text(samples.SUBJECT, measured)
    claims = read_card(text.encode()).claims
    assert [(one.metric, one.value) for one in claims] == [(m.name, m.value) for m in measured]
    for m in measured:
        assert f"| {m.value!r} | {m.low!r} to {m.high!r} |" in text


def test_card_of_a_report_names_digest_data_limits_and_gaps() -> None:
    text = samples.report().render("card")
    assert f"`{samples.SUBJECT.digest}`" in text
    assert "train" in text
    assert "an upper bound" in text
    assert "no clean data to compare with" in text
    assert read_card(text.encode()).datasets == ("train.npz",)


def test_names_cannot_leave_their_place() -> None:
    odd = 'x"\n---\nlicense: mit\n# <script> | [a](http://b)'
    text = card_text(
        samples.SUBJECT, [samples.measurement(odd, note="<b>")], materials=[], not_checked=[]
    )
    card = read_card(text.encode())
    assert card.licences == ()
    assert len(card.claims) == 1
    assert "<script>" not in text.partition("\n---\n")[2]


def test_nothing_measured_is_said() -> None:
    text = card_text(samples.SUBJECT, [])
    assert "Nothing was measured." in text
    assert read_card(text.encode()).claims == ()
