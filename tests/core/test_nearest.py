"""Mistyped names: the likeliest ones are offered."""

from __future__ import annotations

from modelkeep.core.nearest import nearest

NAMES = ("PKL001", "SIG002", "pickle-import", "not-signed")


def test_what_is_nearly_right_is_offered_as_it_is_written() -> None:
    assert nearest("pkl01", NAMES).startswith("Did you mean PKL001? ")
    assert nearest("notsigned", NAMES).startswith("Did you mean not-signed? ")


def test_what_is_far_off_gets_only_the_place_of_the_list() -> None:
    assert nearest("zzz", NAMES) == nearest("", NAMES) == "All rules: `modelkeep explain`."
