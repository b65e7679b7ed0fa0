"""Payment card numbers: an issuer's prefix and length, and the Luhn digit.

Sources: ISO/IEC 7812-1 (Luhn); number ranges as the card schemes publish them.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.data.personal.interface import Kind, luhn

_RANGES: Final = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|(?:6011|65\d\d|64[4-9]\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|3(?:0[0-5]|[68]\d)\d{11}"
)


def is_card(text: str) -> bool:
    """Whether a run of digits, spaces and hyphens is a card number."""
    digits = re.sub(r"[ -]", "", text)
    return bool(_RANGES.fullmatch(digits)) and luhn(digits)


# Of 16 random digits about a quarter begin like a card; one in ten of these checks.
KIND: Final = Kind("payment card", r"\b[2-6](?:[ -]?\d){12,18}\b", is_card, chance=0.05)
