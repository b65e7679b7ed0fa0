"""Contents are known for a while, and what was dropped is not taken for nothing."""

from __future__ import annotations

import pytest

from modelkeep.formats.pickle_recent import Recent


def fill_up(recent: Recent) -> None:
    """Two generations of other containers."""
    for container in range(1_000, 25_000):
        recent.add(container, [1, 2])


def test_contents_add_up_across_generations() -> None:
    recent = Recent(remember_dropped=True)
    recent.add(1, [2, 3])
    recent.add(1, [4])
    assert list(recent.get(1) or ()) == [2, 3, 4]
    assert recent.get(2) is None


@pytest.mark.parametrize("remember", [True, False])
def test_what_is_dropped_is_known_to_be_if_asked_for(remember: bool) -> None:
    recent = Recent(remember_dropped=remember)
    recent.add(7, [1])
    fill_up(recent)
    assert recent.get(7) is None
    assert recent.has_dropped(7) is remember
    assert not recent.has_dropped(8)


def test_memory_is_bounded() -> None:
    recent = Recent(remember_dropped=False)
    for _ in range(100):
        recent.add(1, [0] * 50_000)
    assert len(recent.get(1) or ()) <= 300_000
