"""Packages of which more than one version may be installed."""

from __future__ import annotations

from modelkeep.trust.dependencies.interface import Dependency
from modelkeep.trust.dependencies.unpinned import find_unpinned


def test_range_is_found_and_a_pin_here_or_in_constraints_is_not() -> None:
    free, pinned = Dependency("a", None, 4, "a>=1"), Dependency("a", "1.0", 4, "a==1.0")
    (made,) = find_unpinned("r.txt", free, set())
    assert (made.rule.id, made.evidence["line"]) == ("DEP003", "4")
    assert "'a>=1'" in made.message
    assert list(find_unpinned("r.txt", free, {"a"})) == []
    assert list(find_unpinned("r.txt", pinned, set())) == []
