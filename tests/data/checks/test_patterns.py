"""Patterns run on RE2: as a whole, and in bounded time."""

from __future__ import annotations

import time

import pytest

from check_columns import bad, view
from modelkeep.data.checks import CannotRunError, PatternCheck


def test_texts_that_do_not_match_are_named() -> None:
    check = PatternCheck("c", "[a-z]{2}[0-9]+")
    assert bad(check, view(c=["ab1", "ab", "xab1", None, "", "ab12"])) == [1, 2]


def test_a_pattern_that_would_hang_others_does_not() -> None:
    started = time.process_time()
    assert bad(PatternCheck("c", "(a+)+b"), view(c=["a" * 20_000])) == [0]
    assert time.process_time() - started < 1


@pytest.mark.parametrize(("pattern", "cells"), [("(", ["a"]), (r"(a)\1", ["aa"]), ("a", [1])])
def test_what_cannot_be_matched_cannot_run(pattern: str, cells: object) -> None:
    with pytest.raises(CannotRunError):
        bad(PatternCheck("c", pattern), view(c=cells))
