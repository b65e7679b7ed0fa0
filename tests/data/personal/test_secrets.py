"""Keys and tokens in texts."""

from __future__ import annotations

from modelkeep.data.personal import find_secrets


def test_a_key_is_found_where_it_stands_in_characters() -> None:
    key = "AKIA" + "QX7RMZ2LPW4TKD3N"
    assert list(find_secrets(f"né {key} end")) == [(3, 23, "aws key")]


def test_a_placeholder_is_none() -> None:
    assert list(find_secrets("AKIAEXAMPLEEXAMPLEXX and hf_short")) == []
