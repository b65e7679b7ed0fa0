"""Names from files, made safe to print and to write as JSON."""

from __future__ import annotations

import re
from typing import Final

# C0 and C1 controls, line separators, and marks that reverse the reading direction.
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """The text with what UTF-8 cannot hold (lone surrogates) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def visible(text: str) -> str:
    """The text as one line in which nothing moves the cursor or hides what follows."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", printable(text))
