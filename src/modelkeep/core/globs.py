"""Patterns for paths: ``*`` within a folder, ``**`` across folders, ``?`` one character.

A pattern without a slash means a name in any folder, as in a ``.gitignore``.
"""

from __future__ import annotations

import functools
import re


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    parts: list[str] = []
    at = 0
    while at < len(pattern):
        if pattern.startswith("**/", at):
            parts.append("(?:.*/)?")
            at += 3
        elif pattern.startswith("**", at):
            parts.append(".*")
            at += 2
        else:
            sign = pattern[at]
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(sign, re.escape(sign)))
            at += 1
    anywhere = "" if "/" in pattern.rstrip("/") else "(?:.*/)?"
    # A folder's name covers what lies in it.
    return re.compile(f"{anywhere}{''.join(parts).removesuffix('/')}(?:/.*)?", re.DOTALL)


def matches(pattern: str, *names: str) -> bool:
    """Whether one of several names of the same thing fits the pattern."""
    compiled = _compiled(pattern.removeprefix("./"))
    return any(compiled.fullmatch(name.removeprefix("./")) for name in names)
