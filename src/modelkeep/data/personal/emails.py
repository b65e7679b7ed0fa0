"""Addresses of electronic mail; names reserved for examples are nobody's.

Sources: RFC 5321 (lengths), RFC 2606 and RFC 6761 (reserved names).
"""

from __future__ import annotations

import re
from typing import Final

from modelkeep.data.personal.interface import Kind

_NOBODY: Final = re.compile(
    r"(?i)(?:.*[.@])?(?:example(?:\.(?:com|net|org))?|test|invalid|localhost)"
)


def is_address(text: str) -> bool:
    """Whether a text can be somebody's address."""
    local, _, domain = text.rpartition("@")
    return not (
        _NOBODY.fullmatch(domain)
        or local.startswith(".")
        or local.endswith(".")
        or ".." in local
        or any(part.startswith("-") or part.endswith("-") for part in domain.split("."))
    )


KIND: Final = Kind(
    "email address",
    r"\b[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}\b",
    is_address,
)
