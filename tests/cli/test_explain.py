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


def test_unknown_rule_is_64_with_the_known_ones() -> None:
    got = said("explain", "XXX")
    assert (got.code, got.out) == (64, "")
    assert "PKL001" in got.err
