"""How many characters apart two texts are, as long as that is few.

Source: Levenshtein 1966; Ukkonen 1985 (only a band about the diagonal is needed).
"""

from __future__ import annotations


def is_within(one: str, other: str, most: int) -> bool:
    """Whether at most ``most`` insertions, deletions and replacements lead from one to other.

    Args:
        one: a text.
        other: another.
        most: edits; the time grows with it and with the texts' length.
    """
    if abs(len(one) - len(other)) > most:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    one, other = one[start:], other[start:]
    far = most + 1
    above = {at: at for at in range(min(len(other), most) + 1)}
    for row, letter in enumerate(one, 1):
        band = range(max(0, row - most), min(len(other), row + most) + 1)
        current: dict[int, int] = {}
        for at in band:
            best = above.get(at, far) + 1
            if at:
                best = min(best, current.get(at - 1, far) + 1)
                best = min(best, above.get(at - 1, far) + (other[at - 1] != letter))
            current[at] = min(best, far)
        above = current
    return above.get(len(other), far) <= most
