"""Keys and tokens in data: whoever trains on them may hand them out again.

Sources: as in ``formats.secret_forms``, whose forms these are.
"""

from __future__ import annotations

from collections.abc import Iterator

from modelkeep.formats.secret_forms import find_forms, is_real


def find_secrets(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and kind of every key or token, in characters."""
    raw = text.encode("utf-8", "replace")
    for kind, match in find_forms(raw):
        if is_real(kind, match.group()):
            start = len(raw[: match.start()].decode("utf-8", "ignore"))
            length = len(match.group().decode("utf-8", "ignore"))
            yield start, start + length, kind.replace("_", " ")
