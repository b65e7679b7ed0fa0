"""Schemas that pandera wrote."""

from __future__ import annotations

import json

import pytest

from modelkeep.core import InputError
from modelkeep.data.checks import ColumnRules, RowRule, import_pandera

YAML = """
schema_type: dataframe
api: pandas
columns:
  id:
    dtype: int64
    unique: true
    greater_than_or_equal_to: 0
    less_than: 100
  k:
    dtype: string[pyarrow]
    nullable: true
    required: false
    isin:
    - a
    - b
  s:
    dtype: str
    str_startswith: "a."
    str_length:
      min_value: 1
      max_value: 5
      exact_value: null
  x:
    dtype: float64
    in_range:
      min_value: 0
      max_value: 1
      include_min: true
      include_max: false
    my_own_check: 7
strict: true
unique:
- id
- k
"""


def test_rules_become_ours() -> None:
    found = import_pandera(YAML, "s.yaml")
    assert found.closed
    assert found.unique_together == [["id", "k"]]
    assert found.columns["id"] == ColumnRules(type="int", nulls=False, low=0, unique=True)
    assert found.columns["k"] == ColumnRules(type="text", categories=["a", "b"], optional=True)
    assert found.columns["s"].pattern == r"a\.(?s:.*)"
    assert found.columns["x"] == ColumnRules(type="float", nulls=False, low=0)
    assert found.rules == [
        RowRule("id less_than", 'column("id") < 100'),
        RowRule("s str_length", 'length(column("s")) >= 1'),
        RowRule("s str_length", 'length(column("s")) <= 5'),
        RowRule("x less_than", 'column("x") < 1'),
    ]


def test_a_rule_that_is_not_known_is_kept_as_unread() -> None:
    assert import_pandera(YAML, "s.yaml").unread == ["my_own_check of x: 7"]


def test_the_form_with_checks_apart_is_read_from_json() -> None:
    column = {
        "dtype": "int32",
        "checks": {"less_than_or_equal_to": {"value": 9, "options": {"raise_warning": False}}},
    }
    text = json.dumps({"columns": {"a": column}, "index": [{"dtype": "int64"}]})
    found = import_pandera(text, "s.json")
    assert found.columns["a"].high == 9
    assert found.unread == ["index of the frame"]


@pytest.mark.parametrize("text", ["", "a: [", "columns: 3", "columns: {a: 1}", "&a [*a, *a]"])
def test_what_is_no_schema_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        import_pandera(text, "s.yaml")
