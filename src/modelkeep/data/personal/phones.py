"""Telephone numbers with a country code, and North American ones as they are written.

A bare run of digits is no telephone number here: it could be anything.

Sources: ITU-T E.164; the North American Numbering Plan.
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.data.personal.interface import Kind

_AMERICAN: Final = re.compile(r"[2-9](?!11)\d\d(?!555)[2-9](?!11)\d{6}")


def is_phone(text: str) -> bool:
    """Whether a text is a number somebody can be called under."""
    digits = re.sub(r"\D", "", text)
    if text.startswith("+"):
        return 8 <= len(digits) <= 15 and len(set(digits)) > 2  # noqa: PLR2004 - E.164
    return bool(_AMERICAN.fullmatch(digits))


KIND: Final = Kind(
    "telephone number",
    r"\+[1-9](?:[ ().-]{0,2}\d){7,14}\b|\(\d{3}\) ?\d{3}-\d{4}\b|\b\d{3}[-.]\d{3}[-.]\d{4}\b",
    is_phone,
)
