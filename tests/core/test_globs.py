"""Globs: within a folder, across folders, a name anywhere, and nothing by accident."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.core.globs import matches


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*.pkl", "a.pkl", True),
        ("*.pkl", "deep/er/a.pkl", True),
        ("*.pkl", "a.pkl.bak", False),
        ("a.pkl", "ba.pkl", False),
        ("models/*.pkl", "models/a.pkl", True),
        ("models/*.pkl", "models/old/a.pkl", False),
        ("models/**/*.pkl", "models/old/er/a.pkl", True),
        ("models/**/*.pkl", "models/a.pkl", True),
        ("models/**", "models/a/b", True),
        ("**/x", "x", True),
        ("models", "models/a/b", True),
        ("models/", "some/models/a", True),
        ("old", "models/old/a.pkl", True),
        ("old", "models/older/a.pkl", False),
        ("m?.pkl", "m1.pkl", True),
        ("m?.pkl", "m/.pkl", False),
        ("a+b.pkl", "a+b.pkl", True),
        ("[a].pkl", "a.pkl", False),
        ("./a/b", "a/b", True),
        ("a/b", "./a/b", True),
        ("m.pt!*/data.pkl", "m.pt!archive/data.pkl", True),
        ("*", "a\nb", True),
        (".*", "a", False),
    ],
)
def test_pattern_fits(pattern: str, name: str, fits: bool) -> None:
    assert matches(pattern, name) == fits


def test_one_name_of_several_is_enough() -> None:
    assert matches("models/*", "a.pkl", "models/a.pkl")
    assert not matches("models/*", "a.pkl", "other/a.pkl")


@given(st.text(st.characters(exclude_characters="*?"), min_size=1))
def test_a_path_without_signs_fits_itself(path: str) -> None:
    assert matches(path, path) or path.startswith("./") or path.endswith("/")


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_is_a_pattern(pattern: str, name: str) -> None:
    assert matches(pattern, name) in {True, False}
