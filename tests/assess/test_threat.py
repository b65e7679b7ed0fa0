"""What a person writes for a threat is what is attacked with, or is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.threat import NORMS, Norm, Threat, parse_threat
from modelkeep.core import UsageError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("linf:8/255", Threat("linf", 8 / 255)),
        ("l2:0.5", Threat("l2", 0.5)),
        (" L1:12 ", Threat("l1", 12.0)),
        ("l2:1e-3", Threat("l2", 0.001)),
    ],
)
def test_norm_and_radius_are_read(text: str, expected: Threat) -> None:
    assert parse_threat(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "linf", "linf:", "l3:1", "linf:0", "linf:1.5", "l2:1/0", "l2:-1", "l2:nan", "l2:inf"],
)
def test_anything_else_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError):
        parse_threat(text)


@given(st.sampled_from(NORMS), st.floats(1e-4, 1))
def test_what_is_printed_can_be_read_again(norm: Norm, radius: float) -> None:
    again = parse_threat(str(Threat(norm, radius)))
    assert (again.norm, again.radius) == (norm, pytest.approx(radius, rel=1e-5))
