"""Requirement files: which package, which version, which line."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dependency_samples import LOCK
from modelkeep.trust.dependencies.requirement_file import read_requirement_file


def test_every_package_has_its_name_version_and_line() -> None:
    read = read_requirement_file(LOCK)
    assert [(one.name, one.version, one.line) for one in read.dependencies] == [
        ("alpha-net", "1.4.0", 2),
        ("beta-tools", "2.0.1+cpu", 4),
        ("reqeusts", "2.32.3", 5),
        ("gamma", None, 6),
        ("epsilon", "3.0.0", 8),
    ]
    assert [one.hashed for one in read.dependencies] == [True, False, False, False, False]
    assert [(left.line, left.why) for left in read.unread] == [
        (7, "is installed from an address")
    ]


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("a==1.0", "1.0"),
        ("a===1.0-odd", "1.0-odd"),
        ("a[extra,more]==1.0", "1.0"),
        ("a==1.*", None),
        ("a~=1.0", None),
        ("a>=1,<2", None),
        ("a", None),
        ("a==1.0  # why", "1.0"),
        ("a==1.0;python_version<'3'", "1.0"),
    ],
)
def test_only_one_exact_version_is_a_pin(line: str, version: str | None) -> None:
    assert read_requirement_file(line).dependencies[0].version == version


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-e git+https://example.invalid/x.git@abc#egg=x", "folder or an address"),
        ("--editable=.", "folder or an address"),
        ("./local/wheel.whl", "an address or a path"),
        ("what is this", "PEP 508"),
        ("-e 'open", "cannot be understood"),
    ],
)
def test_what_no_database_knows_is_handed_out_with_the_reason(line: str, why: str) -> None:
    (left,) = read_requirement_file(f"\n{line}\n").unread
    assert left.line == 2
    assert why in left.why


def test_options_bring_no_package_and_included_files_are_named() -> None:
    read = read_requirement_file(
        "--index-url https://example.invalid\n-c constraints.txt\n--requirement=more.txt\n"
    )
    assert (read.dependencies, read.unread) == ((), ())
    assert read.includes == ((2, "constraints.txt"), (3, "more.txt"))


@given(st.text(max_size=200))
def test_no_text_breaks_it_and_no_line_is_out_of_range(text: str) -> None:
    read = read_requirement_file(text)
    last = max(1, len(text.splitlines()))
    assert all(1 <= one.line <= last for one in (*read.dependencies, *read.unread))
