"""One edit at a time, never the word itself, and synonyms only where given."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modelkeep.assess.text import edits


def distance(one: str, other: str) -> int:
    """Edit distance with swaps of neighbours, written anew."""
    table = {(i, 0): i for i in range(len(one) + 1)} | {
        (0, j): j for j in range(len(other) + 1)
    }
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            costs = [table[i - 1, j] + 1, table[i, j - 1] + 1]
            costs.append(table[i - 1, j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                costs.append(table[i - 2, j - 2] + 1)
            table[i, j] = min(costs)
    return table[len(one), len(other)]


@given(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=6))
def test_every_edit_is_one_edit(word: str) -> None:
    found = edits(word, {})
    assert len(set(found)) == len(found)
    assert all(distance(word, other) == 1 for other in found)


def test_the_kinds_of_edits() -> None:
    found = edits("Free", {"free": ("gratis",)})
    assert {"gratis", "Fre", "Frree", "rFee", "Gree", "Fr ee", "Fr\u0435e"} <= set(found)
    assert "gratis" not in edits("Free", {})
