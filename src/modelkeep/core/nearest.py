"""A hint for whoever mistyped the name of a rule."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(wanted: str, names: Iterable[str]) -> str:
    """The names most like what was typed, in any case, and where all of them are listed."""
    shown = {name.lower(): name for name in names}
    close = [shown[name] for name in difflib.get_close_matches(wanted.lower(), shown)]
    question = f"Did you mean {' or '.join(close)}? " if close else ""
    return f"{question}All rules: `modelkeep explain`."
