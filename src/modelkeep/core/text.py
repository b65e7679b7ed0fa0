"""Names from files, made safe to print and to write as JSON."""

from __future__ import annotations


def printable(text: str) -> str:
    """The text with what UTF-8 cannot hold (lone surrogates) written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
