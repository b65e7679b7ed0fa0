"""A constraint file is read as it is written, and what is wrong in it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.tabular import (
    ColumnRule,
    Constraints,
    OneHot,
    Sum,
    read_constraints,
    write_constraints,
)
from modelkeep.core import InputError

FILE = """
[columns.age]
kind = "integer"
low = 17
high = 90
direction = "up"

[columns.country]
immutable = true

[[one_hot]]
columns = ["a", "b"]

[[sum]]
total = "income"
parts = ["salary", "rent"]
"""
COLUMNS = ("age", "country", "a", "b", "income", "salary", "rent")


def written(folder: Path, text: str) -> Path:
    path = folder / "constraints.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_kinds_ranges_directions_and_links(tmp_path: Path) -> None:
    found = read_constraints(written(tmp_path, FILE), COLUMNS)
    assert found.columns["age"] == ColumnRule("integer", 17, 90, direction="up")
    assert found.columns["country"].immutable
    assert found.one_hot == (OneHot(("a", "b")),)
    assert found.sum == (Sum("income", ("salary", "rent")),)
    assert found.describe() == "1 integer, 1 immutable, 1 one-way, 1 one-hot groups, 1 sums"
    assert "free" in Constraints().describe()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[columns.age]\nkind = 'whole'", "kind"),
        ("[columns.age]\nlwo = 3", "lwo"),
        ("[columns.height]\nlow = 3", "height"),
        ("[columns.age]\nlow = 3\nhigh = 2", "empty range"),
        ("[[sum]]\ntotal = 'age'\nparts = ['x']", "x"),
        ("[columns", "no constraints"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_constraints(written(tmp_path, text), COLUMNS)
    with pytest.raises(InputError, match="no constraints"):
        read_constraints(tmp_path / "missing.toml", COLUMNS)


RULES = st.builds(
    ColumnRule,
    st.sampled_from(["numeric", "integer", "categorical"]),
    st.floats(-1e6, 0),
    st.floats(0, 1e6),
    st.booleans(),
    st.sampled_from(["any", "up", "down"]),
)
NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1)


@given(st.dictionaries(NAMES, RULES, min_size=1, max_size=4))
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, rules: dict[str, ColumnRule]
) -> None:
    names = tuple(rules)
    given_rules = Constraints(rules, (OneHot(names),), (Sum(names[0], names),))
    path = written(tmp_path_factory.mktemp("rules"), write_constraints(given_rules))
    assert read_constraints(path, names) == given_rules
