"""All checks over all blocks: rows, verdicts, and what could not run."""

from __future__ import annotations

import pytest

from check_columns import block_of
from modelkeep.data.cells import Block
from modelkeep.data.checks import KINDS, Checker, CheckResult, parse_schema

SCHEMA = """
version = 1
[columns.id]
type = "int"
unique = true
[columns.age]
low = 0
high = 120
[columns.note]
optional = true
pattern = "[a-z]*"
[[rules]]
name = "grown"
expression = "age >= 18 or id < 3"
"""


def checked(text: str, *blocks: tuple[str, Block]) -> tuple[Checker, dict[str, CheckResult]]:
    checker = Checker(parse_schema(text))
    for path, block in blocks:
        checker.add(path, "parquet", block)
    return checker, {result.what: result for result in checker.results()}


def test_rows_are_named_by_file_and_counted_once() -> None:
    checker, found = checked(
        SCHEMA,
        ("a", block_of(id=[1, 2, 3], age=[20, 130, 30])),
        ("a", block_of(id=[4, 1], age=[20, 20])),
        ("b", block_of(id=[9, 2], age=[5, -1])),
    )
    assert found["age lies in 0 to 120"].rows == (("a", 1), ("b", 1))
    assert found["id is unique"].rows == (("a", 4), ("b", 1))
    assert found["grown: age >= 18 or id < 3"].rows == (("b", 0),)
    assert found["note matches '[a-z]*'"].verdict == "pass"  # optional, and absent
    assert (checker.rows, checker.bad_rows()) == (7, 4)
    said = [finding.message for finding in checker.findings(list(found.values()))]
    assert said[0] == "2 rows break: id is unique"


def test_what_could_not_run_is_inconclusive_and_said() -> None:
    checker, found = checked(SCHEMA, ("a", block_of(id=[1], note=["a"])))
    results = list(found.values())
    assert found["age lies in 0 to 120"].verdict == "inconclusive"
    assert found["the columns are those of the schema"].why == "'age' is missing"
    assert {item.what for item in checker.not_checked(results)} == {
        "age lies in 0 to 120",
        "grown: age >= 18 or id < 3",
    }


def test_a_rule_that_stops_midway_fails_by_what_it_saw() -> None:
    checker, found = checked(
        SCHEMA, ("a", block_of(id=[1], age=[130])), ("b", block_of(id=[2], age=[[1]]))
    )
    result = found["age lies in 0 to 120"]
    assert (result.verdict, result.bad) == ("fail", 1)
    assert "does not bound" in result.why
    assert "age lies in 0 to 120" in {n.what for n in checker.not_checked(list(found.values()))}


def test_rows_listed_are_bounded_and_the_count_is_not() -> None:
    _, found = checked(SCHEMA, ("a", block_of(id=list(range(500)), age=[-1] * 500)))
    result = found["age lies in 0 to 120"]
    assert (result.bad, len(result.rows)) == (500, 20)


def test_columns_not_in_the_schema_are_a_finding_where_it_is_closed() -> None:
    block = block_of(id=[1], age=[1], more=[1])
    assert checked(SCHEMA, ("a", block))[1]["the columns are those of the schema"].why == (
        "'more' is not in the schema"
    )
    loose = SCHEMA.replace("version = 1", "version = 1\nclosed = false")
    found = checked(loose, ("a", block))[1]["the columns are those of the schema"]
    assert found.verdict == "pass"


def test_an_unread_rule_is_never_passed() -> None:
    text = 'version = 1\nclosed = false\nunread = ["odd check"]'
    _, found = checked(text, ("a", block_of(id=[1])))
    assert found["odd check"].verdict == "inconclusive"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_rule_of_its_own(kind: type) -> None:
    assert sum(other.rule.id == kind.rule.id for other in KINDS) == 1  # type: ignore[attr-defined]
