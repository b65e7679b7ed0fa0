"""``modelkeep explain``."""

from __future__ import annotations

import pytest

from check_samples import said
from modelkeep.pipeline import pages
from modelkeep.pipeline.explaining import Page


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.id)
def test_page_is_printed_as_it_is(page: Page) -> None:
    got = said("explain", page.id)
    assert (got.code, got.out, got.err) == (0, page.text, "")


def test_name_is_as_good_as_an_id() -> None:
    assert said("explain", "not-signed").out == said("explain", "SIG002").out


def test_without_a_rule_all_are_listed_by_id() -> None:
    got = said("explain")
    assert got.code == 0
    assert got.out.splitlines() == sorted(f"{page.id}  {page.name}" for page in pages())


def test_unknown_rule_is_64_with_those_that_look_like_it() -> None:
    got = said("explain", "PKL01")
    assert (got.code, got.out) == (64, "")
    assert "PKL001" in got.err
